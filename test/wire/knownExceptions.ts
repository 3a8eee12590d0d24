/** A request that the validator refuses although nothing is wrong with it. */
export interface KnownException {
  /** Its file's name without the ending, so that it is the JSON and the YAML form. */
  readonly document: string;
  readonly operations: readonly string[];
  /** `document`: no request could be valid. `validator`: it does not read what the specification allows. */
  readonly fault: 'document' | 'validator';
  readonly reason: string;
  /** What becomes of the call: the proxy's or the validator's words. */
  readonly problem: RegExp;
}

/** Every operation of the real documents whose call does not end in a request that the validator accepts. */
export const KNOWN_EXCEPTIONS: readonly KnownException[] = [
  {
    document: 'circular-paths',
    operations: ['PUT /anything'],
    fault: 'document',
    reason: 'a header that is a list of objects: no style has a form for objects in a list',
    problem: /request\/headers\/content\/0 must be object/,
  },
  {
    document: 'circular-request-bodies',
    operations: ['POST /direct'],
    fault: 'document',
    reason: 'a tree whose every node requires a parent: only an infinite body fits',
    problem: /body\.parent\.parent: is required/,
  },
  {
    document: 'discriminators',
    operations: ['PATCH /mapping-of-schema-names'],
    fault: 'validator',
    reason: 'a discriminator mapping by schema names; it reads references only',
    problem: /'discrim' must be equal to one of the allowed values: OptionOneNoDisc, OptionTwoNoDisc/,
  },
  {
    document: 'parameters-style',
    operations: [
      'GET /anything/path/label/{primitive}/{array}/{object}',
      'GET /anything/path/matrix/{primitive}/{array}/{object}',
    ],
    fault: 'validator',
    reason: 'it does not know the styles label and matrix',
    problem: /Parameter 'style' has incorrect value '(?:label|matrix)' for \[p1\]/,
  },
  {
    document: 'parameters-style',
    operations: [
      'GET /anything/path/simple/{primitive}/{array}/{object}',
      'GET /anything/path/{primitive}/{array}/{object}',
      'POST /anything/path/label/{primitive}/{array}/{object}',
      'POST /anything/path/matrix/{primitive}/{array}/{object}',
      'POST /anything/path/simple/{primitive}/{array}/{object}',
    ],
    fault: 'validator',
    reason: 'it does not take objects in paths apart',
    problem: /request\/params\/p2 must be object/,
  },
  {
    document: 'parameters-style',
    operations: ['GET /anything/headers', 'GET /anything/headers/simple', 'POST /anything/headers/simple'],
    fault: 'validator',
    reason: 'it does not take objects in headers apart',
    problem: /request\/headers\/object must be object/,
  },
  {
    document: 'parameters-style',
    operations: ['GET /cookies#formNonExploded'],
    fault: 'validator',
    reason: 'it does not take objects in cookies apart',
    problem: /request\/cookies\/object must be object/,
  },
  {
    document: 'parameters-style',
    operations: ['GET /anything/query/pipeDelimited', 'GET /anything/query/spaceDelimited'],
    fault: 'validator',
    reason: 'it takes lists with spaces or pipes apart, objects not',
    problem: /request\/query\/object must be object/,
  },
  {
    document: 'schema-types',
    operations: ['PATCH /anything/quirks/polymorphism', 'PUT /anything/quirks/polymorphism'],
    fault: 'document',
    reason: 'a body that is to be a string and an integer',
    problem: /request\/body must be integer/,
  },
  {
    document: 'schema-validation',
    operations: ['GET /anything/strings'],
    fault: 'validator',
    reason: 'a pattern with a brace that stands for itself; it compiles patterns in the Unicode mode',
    problem: /Lone quantifier brackets/,
  },
  {
    document: 'schema-validation-local',
    operations: ['GET /anything/numbers'],
    fault: 'document',
    reason: 'OpenAPI 3.1 with boolean exclusive bounds, which are numbers there',
    problem: /exclusiveMaximum value must be \["number"\]/,
  },
  {
    document: 'schema-validation-top-level',
    operations: ['GET /anything/numbers'],
    fault: 'document',
    reason: 'OpenAPI 3.1 with boolean exclusive bounds, which are numbers there',
    problem: /exclusiveMaximum value must be \["number"\]/,
  },
];
