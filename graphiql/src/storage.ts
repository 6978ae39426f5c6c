/**
 * The browser's storage under a prefix: tabs that another run on this origin left behind hide
 * nothing, and 'Clear data' clears only what is ours.
 */
export function scopedStorage(scope: string) {
  const prefix = `graph-api:${scope}:`;
  const ours = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  return {
    getItem: (key: string) => localStorage.getItem(prefix + key),
    setItem: (key: string, value: string) => localStorage.setItem(prefix + key, value),
    removeItem: (key: string) => localStorage.removeItem(prefix + key),
    clear: () => ours().forEach((key) => localStorage.removeItem(key)),
    get length() {
      return ours().length;
    },
  };
}
