import type { FetcherParams } from "@graphiql/toolkit";
import CodeMirror from "codemirror";
import "graphiql/style.css";
import "./editor.css";

// Whoever uses the keyboard must be able to leave an editor again, and to scroll it; whoever hears
// the page, to know which it is (WCAG 2.1.1, 2.1.2 and 4.1.2).
CodeMirror.defineInitHook((editor: CodeMirror.Editor) => {
  editor.addKeyMap({ Tab: false, "Shift-Tab": false });
  editor.getScrollerElement().tabIndex = 0;
  const section = editor.getWrapperElement().closest("[aria-label]");
  editor.getInputField().setAttribute("aria-label", section?.getAttribute("aria-label") ?? "Editor");
});

/** The libraries below GraphiQL look here for the nonce of the style elements that they make. */
export function allowStyles(nonce: string) {
  Object.assign(globalThis, { __webpack_nonce__: nonce });
}

/** For 100 ms after a change of tabs GraphiQL names the operation of the tab before. */
export function named({ operationName, ...request }: FetcherParams): FetcherParams {
  const isThere = operationName && new RegExp(`\\b${operationName}\\b`).test(request.query);
  return isThere ? { ...request, operationName } : request;
}
