/** Quick to notice changes. */
const RELOAD = 'reload: { debounce: 20ms, poll_interval: 500ms }';

/**
 * A config of one upstream per entry, with no prefix; each in the default group.
 * @param upstreams Name → source, then lines that go on below it, indented as of `source`.
 */
export function configOf(upstreams: Readonly<Record<string, string>>, rest = ''): string {
  const list = Object.entries(upstreams).map(([name, source]) => {
    const [location, ...more] = source.split('\n');
    return [
      `  - name: ${name}`,
      '    type: http',
      '    tool_prefix: ""',
      '    openapi:',
      `      source: ${location}`,
      ...more,
    ].join('\n');
  });
  return `${RELOAD}\nupstreams:\n${list.join('\n')}\n${rest}\n`;
}
