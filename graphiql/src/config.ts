/** What the server tells the page, in its `<script type="application/json" id="config">`. */
export type Account = { label: string; email: string; password: string };

export type Config = {
  endpoint: string;
  accounts: Account[];
  tabs: { query: string; variables: string; headers: string }[];
  /** Names this run's data in the browser: another data folder, other accounts, other tabs. */
  scope: string;
  /** For the style elements that the dialogs' scroll lock makes. */
  nonce: string;
};
