/** An OpenAPI document with one `GET /<operationId>` for each name. */
export function smallDocument(...operationIds: readonly string[]): string {
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Small', version: '1.0.0' },
    servers: [{ url: 'https://small.example' }],
    paths: Object.fromEntries(
      operationIds.map((operationId) => [
        `/${operationId}`,
        {
          get: {
            operationId,
            summary: `Reads ${operationId}.`,
            responses: {
              200: { description: 'It.', content: { 'text/plain': { schema: { type: 'string' } } } },
            },
          },
        },
      ]),
    ),
  });
}
