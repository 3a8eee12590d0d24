/** A call that does not end in a request which the validator accepts, although nothing is wrong with it. */
export interface KnownException {
  /** Its file's name without the ending, so that it is the JSON and the YAML form. */
  readonly document: string;
  /**
   * Operation → the request that is sent, compared by the letter where the validator cannot tell; null = any,
   * since none could be right.
   */
  readonly operations: Readonly<Record<string, string | null>>;
  /** `document`: no request could be valid. `validator`: it does not read what the specification allows. */
  readonly fault: 'document' | 'validator';
  readonly reason: string;
  /** What becomes of the call: the proxy's or the validator's words. */
  readonly problem: RegExp;
}

/** Every operation of the real documents of which this is so. */
export const KNOWN_EXCEPTIONS: readonly KnownException[] = [
  {
    document: 'circular-paths',
    operations: { 'PUT /anything': null },
    fault: 'document',
    reason: 'a header that is a list of objects: no style has a form for objects in a list',
    problem: /request\/headers\/content\/0 must be object/,
  },
  {
    document: 'circular-request-bodies',
    operations: { 'POST /direct': null },
    fault: 'document',
    reason: 'a tree whose every node requires a parent: only an infinite body fits',
    problem: /body\.parent\.parent: is required/,
  },
  {
    document: 'parameters-style',
    operations: {
      'GET /anything/path/label/{primitive}/{array}/{object}':
        'GET /anything/path/label/.string/.string/.name,string,description,string',
      'GET /anything/path/matrix/{primitive}/{array}/{object}':
        'GET /anything/path/matrix/;primitive=string/;array=string/;object=name,string,description,string',
    },
    fault: 'validator',
    reason: 'it does not know the styles label and matrix',
    problem: /Parameter 'style' has incorrect value '(?:label|matrix)' for \[p1\]/,
  },
  {
    document: 'parameters-style',
    operations: {
      'GET /anything/path/simple/{primitive}/{array}/{object}':
        'GET /anything/path/simple/string/string/name,string,description,string',
      'GET /anything/path/{primitive}/{array}/{object}':
        'GET /anything/path/string/string/name,string,description,string',
      'POST /anything/path/label/{primitive}/{array}/{object}':
        'POST /anything/path/label/.string/.string/.name=string.description=string',
      'POST /anything/path/matrix/{primitive}/{array}/{object}':
        'POST /anything/path/matrix/;primitive=string/;array=string/;name=string;description=string',
      'POST /anything/path/simple/{primitive}/{array}/{object}':
        'POST /anything/path/simple/string/string/name=string,description=string',
    },
    fault: 'validator',
    reason: 'it does not take objects in paths apart',
    problem: /request\/params\/p2 must be object/,
  },
  {
    document: 'parameters-style',
    operations: {
      'GET /anything/headers':
        'GET /anything/headers | primitive: string | array: string | object: name,string,description,string',
      'GET /anything/headers/simple':
        'GET /anything/headers/simple | primitive: string | array: string | object: name,string,description,string',
      'POST /anything/headers/simple':
        'POST /anything/headers/simple | primitive: string | array: string | object: name=string,description=string',
    },
    fault: 'validator',
    reason: 'it does not take objects in headers apart',
    problem: /request\/headers\/object must be object/,
  },
  {
    document: 'parameters-style',
    operations: {
      'GET /cookies#formNonExploded':
        'GET /cookies | cookie: primitive=string; array=string; object=name,string,description,string',
    },
    fault: 'validator',
    reason: 'it does not take objects in cookies apart',
    problem: /request\/cookies\/object must be object/,
  },
  {
    document: 'parameters-style',
    operations: {
      'GET /anything/query/pipeDelimited':
        'GET /anything/query/pipeDelimited?array=string&object=name%7Cstring%7Cdescription%7Cstring',
      'GET /anything/query/spaceDelimited':
        'GET /anything/query/spaceDelimited?array=string&object=name%20string%20description%20string',
    },
    fault: 'validator',
    reason: 'it takes lists with spaces or pipes apart, objects not',
    problem: /request\/query\/object must be object/,
  },
  {
    document: 'schema-types',
    operations: {
      'PATCH /anything/quirks/polymorphism': null,
      'PUT /anything/quirks/polymorphism': null,
    },
    fault: 'document',
    reason: 'a body that is to be a string and an integer',
    problem: /request\/body must be integer/,
  },
  {
    document: 'schema-validation',
    operations: {
      'GET /anything/strings':
        'GET /anything/strings?name-length-required=this%20is%20an%20example&name-length-optional=this%20is%20an%20example' +
        '&name-pattern-required=aDEFAULTb&complex-pattern-required=%7B0123-4567-89ab-cdef-0123-4567-89ab-cdef%7D' +
        '&name-pattern-optional=aDEFAULTb',
    },
    fault: 'validator',
    reason: 'a pattern with a brace that stands for itself; it compiles patterns in the Unicode mode',
    problem: /Lone quantifier brackets/,
  },
  ...['schema-validation-local', 'schema-validation-top-level'].map(
    (document): KnownException => ({
      document,
      operations: { 'GET /anything/numbers': null },
      fault: 'document',
      reason: 'OpenAPI 3.1 with boolean exclusive bounds, which are numbers there',
      problem: /exclusiveMaximum value must be/,
    }),
  ),
];
