/** One instruction, continued lines joined. */
export interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

export interface Stage {
  /** As `AS` names it; the last one is `final`. */
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** `ARG`s before the first stage and their defaults. */
  readonly arguments: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
}

/** Reads as much of the Dockerfile syntax as the project's own uses. */
export function parseDockerfile(text: string): Dockerfile {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  const joined = lines.join('\n').replaceAll(/\\\n\s*/g, '');
  const instructions = joined.split('\n').flatMap((line): readonly Instruction[] => {
    const [, keyword, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return keyword === undefined || rest === undefined ? [] : [{ keyword, text: rest }];
  });
  const firstStage = instructions.findIndex(({ keyword }) => keyword === 'FROM');
  const parameters = instructions.slice(0, firstStage).map(({ text: parameter }) => {
    const [name = '', value = ''] = parameter.split('=');
    return [name, value] as const;
  });
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructions.slice(firstStage)) {
    if (instruction.keyword === 'FROM') {
      const [, base = '', name = 'final'] = /(\S+)(?: AS (\S+))?$/.exec(instruction.text) ?? [];
      stages.push({ name, base, instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  return { arguments: new Map(parameters), stages };
}

/** The one instruction of a stage; `undefined` when it has none. */
export function instructionOf(stage: Stage | undefined, keyword: string): string | undefined {
  return stage?.instructions.find((instruction) => instruction.keyword === keyword)?.text;
}

export function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
