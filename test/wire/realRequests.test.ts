import { GITHUB, REAL_DOCUMENTS } from '../support/realDocuments.js';
import { describeRealRequests } from './realRequestsSuite.js';

describeRealRequests(REAL_DOCUMENTS.filter((document) => document !== GITHUB));
