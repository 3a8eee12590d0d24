/** What a command says of its own use: an option, an argument, a port. One sentence, no cause. */
export class UsageError extends Error {}
