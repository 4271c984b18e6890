/*
 * page.js: shows what runs, and asks again by itself. What others have said, in messages, errors and
 * names, is only ever put into text nodes, with what could disguise it made visible.
 */
"use strict";

const ROW_PX = 52;
const ROWS = 100;		/* of one request */
const REFRESH_MS = 2000;
const SEARCH_PAUSE_MS = 300;
const PATIENCE_MS = 15000;

const state = {
	view: "active",
	search: "",
	rows: [],
	from: 0,
	total: 0,
	selected: 0,
	shown: null,		/* id of the execution in the dialog */
	asked: 0,		/* counts lists that were asked for: only the last one is shown */
};

const $ = (id) => document.getElementById(id);

/* Control characters, and those that turn or hide text, as escapes. */
function clean(value) {
	return String(value).replace(
	    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
	    (character) => "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0"));
}

function element(name, text, classes) {
	const made = document.createElement(name);

	if (text !== undefined && text !== null)
		made.textContent = clean(text);
	if (classes)
		made.className = classes;
	return made;
}

function age(ms) {
	const s = Math.max(0, Math.floor(ms / 1000));

	if (s < 60)
		return s + "s";
	if (s < 3600)
		return Math.floor(s / 60) + "m" + (s % 60) + "s";
	if (s < 86400)
		return Math.floor(s / 3600) + "h" + Math.floor(s % 3600 / 60) + "m";
	return Math.floor(s / 86400) + "d" + Math.floor(s % 86400 / 3600) + "h";
}

function bytes(number) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let unit = 0;

	if (number === undefined || number === null)
		return "unknown";
	while (number >= 1024 && unit < units.length - 1) {
		number /= 1024;
		unit++;
	}
	return (unit === 0 ? number : number.toFixed(1)) + " " + units[unit];
}

/* The reply as JSON; what is wrong is thrown, in the words of the server. */
async function ask(path, options) {
	const reply = await fetch("data/" + path, {
		cache: "no-store", credentials: "same-origin", redirect: "error",
		signal: AbortSignal.timeout(PATIENCE_MS), ...options,
	});
	let json = null;

	try {
		json = await reply.json();
	} catch {
		throw new Error("the server answered " + reply.status);
	}
	if (!reply.ok)
		throw new Error(json.title + (json.detail ? ": " + json.detail : ""));
	return json;
}

function tell(trouble) {
	$("trouble").hidden = !trouble;
	$("trouble").textContent = trouble ? clean(trouble) : "";
}

/* Lists: only the rows that can be seen are there */

function fillRow(made, row, index) {
	const first = element("div");
	const more = element("div", undefined, "more");
	const phase = element("span", row.phase, "phase");
	const failing = row.phase !== "stopped" && row.last_error;
	const note = failing ? row.last_error : row.stop_reason || row.error;

	made.id = "row-" + index;
	made.setAttribute("role", "option");
	made.setAttribute("aria-selected", index === state.selected);
	made.style.top = index * ROW_PX + "px";
	phase.dataset.phase = row.phase;
	phase.classList.toggle("bad", Boolean(failing));
	first.append(phase, " ", element("span",
	    row.action + (row.known ? "" : " (not in this program)")));
	more.append(element("span", row.short_id, "id"), " · " + age(row.age_ms));
	if (row.target)
		more.append(" · ", element("span", row.target));
	if (note)
		more.append(" · ", element("span", note, failing || row.error ? "bad" : ""));
	made.replaceChildren(first, more);
}

/* Rows stay, and are filled anew: one that went while a button is held on it had no click. */
function draw() {
	const space = $("space");

	while (space.children.length > state.rows.length)
		space.lastChild.remove();
	while (space.children.length < state.rows.length)
		space.append(element("div", undefined, "row"));
	state.rows.forEach((row, i) => fillRow(space.children[i], row, state.from + i));
	space.style.height = state.total * ROW_PX + "px";
	$("total").textContent = state.total === 1 ? "1 execution" : state.total + " executions";
	$("list").setAttribute("aria-activedescendant", "row-" + state.selected);
}

/* What can be seen, and as much again above and below. */
function wanted() {
	const list = $("list");
	const first = Math.floor(list.scrollTop / ROW_PX);
	const visible = Math.ceil(list.clientHeight / ROW_PX);

	return { first, visible,
	    from: Math.max(0, first - Math.floor((ROWS - Math.min(visible, ROWS)) / 2)) };
}

async function loadList() {
	const asked = ++state.asked;
	const query = new URLSearchParams({
		which: state.view, from: wanted().from, count: ROWS, search: state.search,
	});
	const list = await ask("list?" + query);

	if (asked !== state.asked)
		return;
	state.rows = list.rows;
	state.from = list.from;
	state.total = list.total;
	state.selected = Math.min(state.selected, Math.max(0, list.total - 1));
	draw();
}

function covered() {
	const { first, visible } = wanted();
	const last = Math.min(first + visible, state.total);

	return first >= state.from && last <= state.from + state.rows.length;
}

function select(index) {
	const list = $("list");

	state.selected = Math.max(0, Math.min(index, state.total - 1));
	if (state.selected * ROW_PX < list.scrollTop)
		list.scrollTop = state.selected * ROW_PX;
	else if ((state.selected + 1) * ROW_PX > list.scrollTop + list.clientHeight)
		list.scrollTop = (state.selected + 1) * ROW_PX - list.clientHeight;
	for (const row of $("space").children)
		row.setAttribute("aria-selected", row.id === "row-" + state.selected);
	list.setAttribute("aria-activedescendant", "row-" + state.selected);
}

function openRow(index) {
	const row = state.rows[index - state.from];

	select(index);
	if (row)
		open(row.id);
}

function listClick(event) {
	const row = event.target.closest(".row");

	if (row)
		openRow(Number(row.id.slice("row-".length)));
}

function listKey(event) {
	const page = Math.max(1, wanted().visible - 1);
	const moves = {
		ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
		Home: -state.total, End: state.total,
	};

	if (event.key in moves)
		select(state.selected + moves[event.key]);
	else if (event.key === "Enter" || event.key === " ")
		openRow(state.selected);
	else
		return;
	event.preventDefault();
}

/* Tables of facts */

function table(headers, rows) {
	const wide = element("div", undefined, "wide");
	const made = element("table");
	const head = element("tr");

	for (const header of headers)
		head.append(element("th", header));
	if (headers.length > 0)
		made.append(head);
	for (const cells of rows) {
		const line = element("tr");

		cells.forEach((cell, i) => line.append(element(
		    headers.length === 0 && i === 0 ? "th" : "td",
		    cell === undefined || cell === null ? "-" : cell)));
		made.append(line);
	}
	wide.append(made);
	return wide;
}

function section(title, ...parts) {
	return [element("h3", title), ...parts];
}

/* Any rows, under the names of their members. */
function anyTable(rows) {
	const names = [...new Set(rows.flatMap(Object.keys))];

	return table(names, rows.map((row) => names.map((name) =>
	    typeof row[name] === "object" && row[name] !== null ?
	    JSON.stringify(row[name]) : row[name])));
}

/* How long each phase was, or is. */
function timeline(events, stopped) {
	const made = element("div", undefined, "timeline");
	const moves = events.filter((event, i) => i === 0 || event.phase !== events[i - 1].phase);

	moves.forEach((event, i) => {
		const begin = Date.parse(event.logged_at);
		const last = i + 1 === moves.length;
		const end = last ? Date.now() : Date.parse(moves[i + 1].logged_at);
		const over = last && stopped;
		const part = element("div", event.phase + (over ? "" : " " + age(end - begin)));

		part.classList.add(...["stopping", "stopped"].filter((name) => name === event.phase));
		part.title = clean(event.phase + " since " + event.logged_at);
		part.style.flexGrow = over ? 1 : Math.max(1, Math.log2(2 + Math.max(0, end - begin)));
		made.append(part);
	});
	return made;
}

function messages(execution) {
	const found = [];

	for (const name of ["start_result", "status_result", "stop_result"])
		for (const message of (execution[name] && execution[name].messages) || [])
			found.push([name.replace("_result", ""), message.level, message.message]);
	return found;
}

const TOLD_APART = ["state", "start_result", "status_result", "stop_result"];

function drawDetail(found) {
	const execution = found.execution;
	const parts = [timeline(found.events, !execution || execution.phase === "stopped")];
	const said = execution ? messages(execution) : [];
	const other = Object.keys(found).filter((name) =>
	    name !== "execution" && name !== "events" && found[name].length > 0);

	if (!execution)
		parts.push(element("p", "Its row is gone, or prepare() failed: these events are left."));
	else if (execution.last_error)
		parts.push(element("p", "It cannot be stopped, attempt " + execution.stop_attempts + ": " +
		    execution.last_error, "bad"));
	if (execution && execution.error)
		parts.push(element("p", execution.error, "bad"));
	parts.push(...section("Events", table(["At", "Phase", "Who", "Why"], found.events.map(
	    (event) => [event.logged_at, event.phase, event.who, event.why]))));
	if (said.length > 0)
		parts.push(...section("Last messages", table(["Of", "Level", "Message"], said)));
	for (const name of other)
		parts.push(...section(name, anyTable(found[name])));
	if (execution) {
		parts.push(...section("Execution", table([], Object.keys(execution).filter((name) =>
		    !TOLD_APART.includes(name)).map((name) => [name, execution[name]]))));
		for (const name of TOLD_APART)
			if (execution[name])
				parts.push(...section(name, element("pre",
				    JSON.stringify(execution[name], null, 2))));
	}
	$("detail-title").textContent = execution ?
	    clean(execution.action + " " + execution.id) : clean(state.shown);
	$("facts").replaceChildren(...parts);
	$("stop").hidden = !state.mayStop || !execution || execution.phase === "stopped";
	$("do-abandon").hidden = !execution || execution.phase !== "stopping";
	state.over = !execution || execution.phase === "stopped";
}

async function loadDetail() {
	const id = state.shown;
	const found = await ask("show?" + new URLSearchParams({ id }));

	if (id === state.shown)
		drawDetail(found);
}

function open(id) {
	state.shown = id;
	state.over = false;
	$("reason").value = $("said").textContent = "";
	$("detail-title").textContent = clean(id);
	$("facts").replaceChildren();
	$("stop").hidden = true;
	$("detail").showModal();
	attempt(loadDetail);
}

async function wish(event) {
	const verb = event.target.dataset.verb;
	const reason = $("reason").value.trim();

	if (reason === "") {
		$("said").textContent = "Say why: the agent is told, and it stays on record.";
		$("reason").focus();
		return;
	}
	if (verb === "abandon" &&
	    !confirm("What it has changed stays changed. Record it as stopped all the same?"))
		return;
	try {
		const done = await ask(verb, {
			method: "POST", headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ id: state.shown, reason }),
		});

		$("said").textContent = done.status === "asked" ?
		    "Asked for: what comes of it is shown here." : "Given up.";
		await loadDetail();
	} catch (fault) {
		$("said").textContent = clean(fault.message);
	}
}

/* Server, processes and disk */

function drawStatus(status) {
	const reaper = status.reaper;
	const wrong = !status.serving || !reaper.alive || !status.standby;
	const server = $("server");

	state.mayStop = status.may_stop;
	server.textContent = clean("actionkit " + status.version +
	    (status.draining ? ", shutting down" : ", serving for " + age(status.serving_for_ms)) +
	    (reaper.alive ? "" : ", THE REAPER IS SILENT") +
	    (status.standby ? "" : ", no reaper stands by") +
	    (status.operator ? ", you are " + status.operator : ""));
	server.className = wrong ? "bad" : "";
	$("count-active").textContent = status.active;
	$("count-failing").textContent = status.failing;
	$("count-failing").className = status.failing > 0 ? "bad" : "";
	if (state.view === "processes")
		drawProcesses(status);
}

function drawProcesses(status) {
	const space = status.space;
	const workers = Array.isArray(status.workers) ? anyTable(status.workers) :
	    element("p", status.workers, "bad");

	$("processes").replaceChildren(
	    ...section("Server", table([], [
		["supervisor", status.supervisor], ["generation", status.generation],
		["reaper", status.reaper.pid + (status.reaper.alive ? "" : ", gone or silent") +
		    ", last sign of life " + age(status.reaper.silent_for_ms) + " ago"],
		["standby", status.standby || "none"],
		["stopping all", status.stopping_all ? "yes" : "no"],
	    ])),
	    ...section("Responders", table(["Pid", "Mode", "Since", "Requests", "At"],
		status.responders.map((slot) => [slot.pid, slot.mode, age(slot.since_ms),
		    slot.requests, slot.what]))),
	    ...section("Workers", status.workers.length === 0 ? element("p", "none") : workers),
	    ...section("Disk", table([], [
		["free", bytes(space.free_bytes)], ["database", bytes(space.database_bytes)],
		["its log", bytes(space.database_log_bytes)],
		["ballast", space.ballast_bytes > 0 ? bytes(space.ballast_bytes) : "given up"],
	    ])));
}

async function loadStatus() {
	drawStatus(await ask("status"));
}

/* What is shown, and again by itself */

async function attempt(...loads) {
	try {
		for (const load of loads)
			await load();
		tell(null);
	} catch (fault) {
		tell("What is shown may be old: " + fault.message);
	}
}

function show(view) {
	state.view = view;
	for (const button of document.querySelectorAll("nav button"))
		button.setAttribute("aria-pressed", button.dataset.view === view);
	$("executions").hidden = view === "processes";
	$("processes").hidden = view !== "processes";
	state.rows = [];
	state.total = state.from = state.selected = 0;
	$("list").scrollTop = 0;
	draw();
	attempt(...(view === "processes" ? [loadStatus] : [loadList, loadStatus]));
}

async function refresh() {
	const loads = [loadStatus];

	if (!document.hidden) {
		if (state.view !== "processes")
			loads.push(loadList);
		if ($("detail").open && !state.over)
			loads.push(loadDetail);
		await attempt(...loads);
	}
	setTimeout(refresh, REFRESH_MS);
}

function begin() {
	let scrolled = 0, typed = 0;

	for (const button of document.querySelectorAll("nav button"))
		button.addEventListener("click", () => show(button.dataset.view));
	$("list").addEventListener("scroll", () => {
		cancelAnimationFrame(scrolled);
		scrolled = requestAnimationFrame(() => {
			if (!covered())
				attempt(loadList);
		});
	});
	$("list").addEventListener("click", listClick);
	$("list").addEventListener("keydown", listKey);
	$("search").addEventListener("input", () => {
		clearTimeout(typed);
		typed = setTimeout(() => {
			state.search = $("search").value.trim();
			state.selected = 0;
			$("list").scrollTop = 0;
			attempt(loadList);
		}, SEARCH_PAUSE_MS);
	});
	$("close").addEventListener("click", () => $("detail").close());
	$("detail").addEventListener("close", () => {
		state.shown = null;
		$("list").focus();
	});
	$("stop").addEventListener("submit", (event) => event.preventDefault());
	$("do-stop").addEventListener("click", wish);
	$("do-abandon").addEventListener("click", wish);
	addEventListener("resize", () => {
		if (!covered())
			attempt(loadList);
	});
	show("active");
	refresh();
}

begin();
