// NLI service: five views of one service.

import { check } from "./check.js";
import { classify } from "./classify.js";
import { environmentsFailed, showEnvironments } from "./environments.js";
import { showStatus } from "./live.js";
import { showMonitoring, monitoringFailed } from "./monitoring.js";
import { playground } from "./playground.js";
import { poll } from "./poll.js";
import { tabs } from "./tabs.js";

const notice = document.getElementById("notice");
const STATUS_S = 2;
const LIFECYCLE_S = 10; // asks the registry itself
const MONITORING_S = 15; // a file that changes once a round

playground(document.getElementById("playground"));
classify(document.getElementById("classify"));
check(document.getElementById("check"));

let view = "";

// Said once: an alert that is rewritten at each look would be read aloud each time.
function alarm(text) {
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = text === "";
}

poll("status", STATUS_S, {
  show(found) {
    alarm(found.registry.alert ?? "");
    showStatus(found);
  },
  fail(error) {
    if (error.status === undefined) throw error;
    alarm(error.status === 401 ? "" : `${error.message} Trying again …`);
  },
});
const lifecycle = poll("lifecycle", LIFECYCLE_S, {
  show: showEnvironments,
  fail: environmentsFailed,
  wanted: () => view === "lifecycle",
});
const monitoring = poll("monitoring", MONITORING_S, {
  show: showMonitoring,
  fail: monitoringFailed,
  wanted: () => view === "monitoring",
});
tabs(document.querySelector("[role=tablist]"), (name) => {
  view = name;
  lifecycle();
  monitoring();
});
