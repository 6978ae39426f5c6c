import { HttpErrorResponse } from '@angular/common/http';

/** One wrong input: where it stands, and what is wrong. */
export interface FieldProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/** An error of a GraphQL response, as graph-api writes them. */
export interface GraphQLError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: {
    readonly code?: string;
    readonly reason?: string;
    readonly retryAfter?: number;
    readonly fields?: readonly FieldProblem[];
    readonly [other: string]: unknown;
  };
}

/** What went wrong with an operation: the first of its errors says what to do. */
export class GraphApiError extends Error {
  override readonly name = 'GraphApiError';
  /** The stable code; `UNREACHABLE` if there was no answer that could be read. */
  readonly code: string;
  /** Says more than the code. */
  readonly reason: string | undefined;
  /** Seconds to wait, of `RATE_LIMITED`. */
  readonly retryAfter: number | undefined;
  /** What to correct, of `BAD_USER_INPUT`. */
  readonly fields: readonly FieldProblem[];

  constructor(
    readonly errors: readonly GraphQLError[],
    options?: ErrorOptions,
  ) {
    const [first] = errors;
    super(first?.message ?? 'The server can’t be reached.', options);
    this.code = first ? (first.extensions?.code ?? 'INTERNAL_SERVER_ERROR') : 'UNREACHABLE';
    this.reason = first?.extensions?.reason;
    this.retryAfter = first?.extensions?.retryAfter;
    this.fields = first?.extensions?.fields ?? [];
  }
}

/** The errors in the body of a response, or of a response with an error's status. */
export function errorsIn(response: unknown): readonly GraphQLError[] {
  const body = response instanceof HttpErrorResponse ? response.error : response;
  return Array.isArray(body?.errors) ? body.errors : [];
}

export function hasCode(errors: readonly GraphQLError[], code: string): boolean {
  return errors.some((error) => error.extensions?.code === code);
}
