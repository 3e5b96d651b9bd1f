// Looking again and again, but only while somebody can see it.

import { ask } from "./ask.js";

// Returns a function that looks at once. wanted(): whether the answer is of use now.
export function poll(path, seconds, { show, fail, wanted = () => true }) {
  let timer = 0;
  let looking = false;

  async function look() {
    clearTimeout(timer);
    if (looking || document.hidden || !wanted()) return;
    looking = true;
    try {
      show(await ask(path));
    } catch (error) {
      fail(error);
    } finally {
      looking = false;
      timer = setTimeout(look, 1000 * seconds);
    }
  }

  document.addEventListener("visibilitychange", look);
  look();
  return look;
}
