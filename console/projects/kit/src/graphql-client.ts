import { HttpClient, HttpContext, HttpHeaders } from '@angular/common/http';
import { Injectable, inject } from '@angular/core';
import { EMPTY, firstValueFrom, fromEvent, takeUntil, type Observable } from 'rxjs';
import { GraphApiError, errorsIn, type GraphQLError } from './errors';
import { AUTH_OPTIONS } from './options';

/** A document that knows the types of its variables and its result, as gql.tada and codegen make them. */
export interface TypedDocument<Result, Variables> {
  toString(): string;
  /** Never there: it carries the types. */
  readonly __apiType?: (variables: Variables) => Result;
}

/** The members of a GraphQL response. */
export interface Answer<Result> {
  readonly data: Result | null;
  readonly errors: readonly GraphQLError[];
}

export interface Sending {
  /** Which operation, if the document has several. */
  readonly operationName?: string;
  /** Ends the request. */
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly withCredentials?: boolean;
  readonly context?: HttpContext;
}

type Given<Variables> = Record<string, never> extends Variables
  ? [variables?: Variables, sending?: Sending]
  : [variables: Variables, sending?: Sending];

interface Body<Result> {
  readonly data?: Result | null;
  readonly errors?: readonly GraphQLError[];
}

/** Sends GraphQL operations by `HttpClient`, so that interceptors see them. */
@Injectable({ providedIn: 'root' })
export class GraphQLClient {
  readonly #http = inject(HttpClient);
  readonly #endpoint = inject(AUTH_OPTIONS).endpoint;

  /**
   * The data of an operation that must succeed as a whole.
   *
   * @throws GraphApiError if there is any error, or no answer.
   */
  async request<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    ...given: Given<Variables>
  ): Promise<Result> {
    const { data, errors } = await this.answer(document, ...given);
    if (errors.length > 0 || data === null) throw new GraphApiError(errors);
    return data;
  }

  /**
   * Data and errors, for an operation of which a part may be denied.
   *
   * @throws GraphApiError if there is no data, or no answer.
   */
  async answer<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    ...[variables, { operationName, ...sending } = {}]: Given<Variables>
  ): Promise<Answer<Result>> {
    const body = await firstValueFrom(
      this.#post<Result>({ query: String(document), operationName, variables }, sending),
    ).catch((error: unknown) => {
      throw new GraphApiError(errorsIn(error), { cause: error });
    });
    if (body.data === undefined) throw new GraphApiError(body.errors ?? []);
    return { data: body.data, errors: body.errors ?? [] };
  }

  #post<Result>(body: object, { signal, headers = {}, ...options }: Sending): Observable<Body<Result>> {
    return this.#http
      .post<Body<Result>>(this.#endpoint, body, {
        ...options,
        headers: new HttpHeaders({ Accept: ACCEPT, ...headers }),
      })
      .pipe(takeUntil(signal ? fromEvent(signal, 'abort') : EMPTY));
  }
}

const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';
