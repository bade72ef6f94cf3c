// What every page has. Pages add their own module in the block `scripts`.
import "./toasts.js";
import "./keys.js";
import "./theme.js";
import "./focus.js";
import "./live.js";
import "./ended.js";
import "./take_along.js";
import "./uploads.js";
