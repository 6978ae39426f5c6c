import { show } from "./page";

// The page of `dev` has its configuration in it; the console mounts GraphiQL in a page of its own.
export { mount } from "./mount";

const config = document.getElementById("config");
if (config) show(JSON.parse(config.textContent));
