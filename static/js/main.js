// Every behaviour of the console; each module finds its own elements by data-* attributes and does nothing without them.
import "./switch.js";
import "./side.js";
import "./tree.js";
import "./rows.js";
import "./more.js";
import "./picks.js";
import "./menu.js";
import "./drag.js";
import "./times.js";
import "./live.js";
import "./wizard.js";
import "./copy.js";
import "./ratings.js";
import "./columns.js";
import "./notify.js";
import "./days.js";
import "./folders.js";
