import { CSP_NONCE, Component, DOCUMENT, ElementRef, effect, inject, viewChild } from '@angular/core';
import { GraphApiError, GraphQLClient, Session, type TypedDocument } from '@graph-api/angular';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { fetching, inMemory, type Request } from './code';

const START = `query Me {
  me {
    id
    name
    permissions
  }
}
`;

const storage = inMemory();
/** GraphiQL holds what one has written as long as the document lasts: whose that is. */
let whose: string | undefined;

/** GraphiQL, signed in as the person: its requests go the way of all others of the console. */
@Component({ imports: [AskedView], templateUrl: './graphiql.html' })
export class Graphiql {
  readonly #client = inject(GraphQLClient);
  readonly #nonce = inject(CSP_NONCE) ?? '';
  readonly #session = inject(Session);
  readonly #window = inject(DOCUMENT).defaultView!;
  private readonly place = viewChild.required<ElementRef<HTMLElement>>('place');

  readonly code = ask(() => null, fetching());

  constructor() {
    // Anew for other roles, too: the schema that one sees is another.
    effect((onCleanup) => {
      const [code, user] = [this.code.value(), this.#session.user()];
      if (!code || !user) return;
      whose ??= user.id;
      if (whose !== user.id) return this.#window.location.reload();
      const fetcher = (request: Request) => this.#send(request);
      const options = { fetcher, query: START, storage, nonce: this.#nonce };
      onCleanup(code.mount(this.place().nativeElement, options));
    });
  }

  /** Returns the members of the response that are there. */
  async #send({ query, operationName, variables }: Request): Promise<object> {
    const document: TypedDocument<unknown, object> = query;
    try {
      const sending = operationName ? { operationName } : {};
      const { data, errors } = await this.#client.answer(document, variables ?? {}, sending);
      return errors.length > 0 ? { data, errors } : { data };
    } catch (error) {
      if (!(error instanceof GraphApiError)) throw error;
      return { errors: error.errors.length > 0 ? error.errors : [{ message: error.message }] };
    }
  }
}
