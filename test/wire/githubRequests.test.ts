import { GITHUB } from '../support/realDocuments.js';
import { describeRealRequests } from './realRequestsSuite.js';

describeRealRequests([GITHUB], 3);
