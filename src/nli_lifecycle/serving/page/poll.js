// Looking again and again, but only while somebody can see it.

import { exchange } from "./ask.js";
import { onToken } from "./token.js";

// Without a token that is needed, there is no use in asking again before one is given.
// Returns a function that looks at once. wanted(): whether the answer is of use now.
export function poll(path, seconds, { show, fail, wanted = () => true }) {
  let timer = 0;
  let looking = false;
  let refused = false;

  async function look() {
    clearTimeout(timer);
    if (looking || refused || document.hidden || !wanted()) return;
    looking = true;
    try {
      const { answer, headers } = await exchange(path);
      show(answer, headers);
    } catch (error) {
      refused = error.status === 401;
      fail(error);
    } finally {
      looking = false;
      timer = setTimeout(look, 1000 * seconds);
    }
  }

  document.addEventListener("visibilitychange", look);
  onToken(() => {
    refused = false;
    look();
  });
  look();
  return look;
}
