import { parser } from '@prometheus-io/lezer-promql';

/** What an expression reads. */
export interface QueryTerms {
  /** Names of series. */
  readonly metrics: readonly string[];
  /** Names of labels, in matchers and groupings. */
  readonly labels: readonly string[];
}

/** @throws Error when it is not PromQL. */
export function queryTerms(expression: string): QueryTerms {
  const metrics = new Set<string>();
  const labels = new Set<string>();
  parser.parse(expression).iterate({
    enter({ type, name, from, to, node }) {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`not PromQL at ${from}: ${expression}`);
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') metrics.add(text);
      if (name === 'LabelName') labels.add(text);
    },
  });
  return { metrics: [...metrics], labels: [...labels] };
}
