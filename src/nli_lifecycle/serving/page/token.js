// The access token: in sessionStorage only, so it ends with the browser tab.

const KEY = "nli-token";
const form = document.getElementById("token");
const field = document.getElementById("token-value");
const note = document.getElementById("token-note");

export const token = () => sessionStorage.getItem(KEY);

// The service refused a request that carried `used`, which may be older than the token of now.
export function tokenRefused(used) {
  if (used !== token()) return;
  if (used !== null) {
    sessionStorage.removeItem(KEY);
    note.textContent = "The service did not accept that token. Is there another one?";
  }
  form.hidden = false;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, field.value.trim());
  field.value = "";
  form.hidden = true;
});

// Only after what somebody did: the page itself never takes the focus away.
export function toToken() {
  field.focus();
}

// What was refused is asked again once there is a token.
export function onToken(again) {
  form.addEventListener("submit", again);
}
