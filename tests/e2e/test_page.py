#!/usr/bin/env python3
"""The operator's page: in a real browser, and what it asks for without one."""

import json
import os
import shutil
import sys
import tempfile
import urllib.parse

try:
    import selenium.webdriver
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    # It is a package of the system's own Python, which may not be the one that tests run with.
    if sys.executable != "/usr/bin/python3" and \
            os.path.exists("/usr/lib/python3/dist-packages/selenium"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    selenium = None

from harness import (
    EFFECT, Server, Skip, check, command, contains, equal, main, test, wait_for)

SNIPPET = ("actionkit-page.conf",)
DATA = "/operator/data"
OPERATOR = "nora"
PASSWORD = "secret"
MANY = 5000
ROWS_DRAWN_MAX = 200
COUNT_MAX = 200
NASTY = '<img src=x onerror="document.title=1">\u202egnp.exe\u0007'
# Where the pictures of docs/operate.md are to be written; nowhere if it is not set.
PICTURES = os.environ.get("ACTIONKIT_PICTURES")


class Operated(Server):
    """A server with the page; may_stop: for an operator who logs in."""

    def __init__(self, may_stop=False, **options):
        self.may_stop = may_stop
        places = {}
        if may_stop:
            places = {"# auth_basic": "auth_basic", "ACTIONKIT_PART page;":
                      "ACTIONKIT_PART page-stop;",
                      "/etc/nginx/actionkit.htpasswd": "@RUN_DIR@/htpasswd"}
        super().__init__(nginx_server=SNIPPET, nginx_places=places, **options)

    def nginx_start(self):
        self.nginx_places = {name: value.replace("@RUN_DIR@", os.path.join(self.dir, "nginx"))
                             for name, value in self.nginx_places.items()}
        super().nginx_start()
        with open(os.path.join(self.dir, "nginx/htpasswd"), "w", encoding="ascii") as file:
            file.write(f"{OPERATOR}:{{PLAIN}}{PASSWORD}\n")

    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def url(self, login=""):
        return f"http://{login}127.0.0.1:{self.port}/operator/"

    def ask(self, path, headers=None, **query):
        query = "?" + urllib.parse.urlencode(query) if query else ""
        return self.get(f"{DATA}/{path}{query}", headers)

    def wish(self, verb, execution, reason="incident", headers=None):
        return self.post(f"{DATA}/{verb}", {"id": execution.id, "reason": reason},
                         {"Origin": self.origin(), **AUTHORIZED, **(headers or {})})


AUTHORIZED = {"Authorization": "Basic bm9yYTpzZWNyZXQ="}


def fill(server, template, count):
    """More executions like one, as rows that nobody has to stop."""
    server.write(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO executions (id, action, action_version, phase, state, target, created_at, "
        "changed_at, due_at) SELECT printf('%08d-0000-4000-8000-000000000000', i), action, "
        "action_version, phase, state, 'target ' || i, created_at + i, changed_at, "
        "due_at + 3600000 FROM n, executions WHERE id = ?", count, template.id)


def unfill(server):
    server.write("DELETE FROM executions WHERE id LIKE '%-0000-4000-8000-000000000000'")


# Without a browser

@test
def same_as_the_commands():
    """list, show and status are those of --json; lists are bounded, and searched"""
    with Operated(may_stop=False) as server:
        one, other = server.running(), server.running()
        listed = server.ask("list", which="active").json()
        rows = command("list", "--json", server=server).json()
        for row in rows + listed["rows"]:
            del row["age_ms"]
        equal((listed["total"], listed["rows"]), (2, rows), "list")
        shown = command("show", one.id, "--json", server=server).json()
        equal(server.ask("show", id=one.id).json(), shown, "show")
        status = server.ask("status").json()
        told = command("status", "--json", server=server).json()
        equal(set(status) - set(told), {"version", "may_stop"}, "status")
        equal((status["may_stop"], status["supervisor"]), (False, server.process.pid), "status")

        found = server.ask("list", which="active", search=other.id[:13].upper()).json()
        equal([row["id"] for row in found["rows"]], [other.id], "search")
        equal(server.ask("list", which="history").json()["total"], 0, "history")
        one.stop().ok()
        equal([row["id"] for row in server.ask("list", which="history").json()["rows"]], [one.id],
              "history")
        fill(server, other, 2 * COUNT_MAX)
        whole = server.ask("list", which="active", count=COUNT_MAX).json()
        equal((whole["total"], len(whole["rows"])), (2 * COUNT_MAX + 1, COUNT_MAX), "a part")
        end = server.ask("list", which="active", **{"from": 2 * COUNT_MAX, "count": 7}).json()
        equal(len(end["rows"]), 1, "the end")
        unfill(server)

        server.ask("list", which="all").refused(400, "which")
        server.ask("list", which="active", count=COUNT_MAX + 1).refused(400, "count")
        server.ask("list", which="active", count="1 OR 1").refused(400, "count")
        server.ask("list", which="active", search="x" * 200).refused(400, "search")
        server.get(f"{DATA}/list?which=active&search=%zz").refused(400, "search")
        server.get(f"{DATA}/list?which=active&search=a%00b").refused(400, "search")
        server.ask("show", id="x").refused(400, "id")
        server.ask("show", id="00000000-0000-4000-8000-000000000001").refused(404)
        server.ask("actions").refused(404)


@test
def reached_by_its_snippet_alone():
    """Neither the agent's location nor the page's lead to the other, whatever a client sends"""
    forged = {name: "page-stop" for name in (
        "ACTIONKIT_PART", "Actionkit-Part", "HTTP_ACTIONKIT_PART", "REMOTE_USER", "Remote-User")}
    with Server() as server:
        for path in ("/list", "/show", "/operator/", f"{DATA}/list?which=active",
                     f"{DATA}/status", "/page.js"):
            server.get(path, forged).refused(404)
        server.post(f"{DATA}/stop", {"id": "x"}, forged).refused(404)
    with Operated() as server:
        execution = server.running()
        server.get(f"{DATA}/{EFFECT}", forged).refused(404)
        server.post(f"{DATA}/{EFFECT}/stop", {"executionId": execution.id},
                    {**forged, "Origin": server.origin()}).refused(404)
        # This snippet lets nobody stop anything.
        server.wish("stop", execution, headers=forged).refused(403, "does not let")
        server.ask("stop").refused(405, "POST")
        equal(execution.phase(), "running", "phase")
        execution.stop().ok()


@test
def from_the_page_alone():
    """Other pages can neither read nor stop: Origin, Sec-Fetch-Site, Host, media type"""
    with Operated(may_stop=True, nginx_names="evil.example") as server:
        execution = server.running()
        server.wish("stop", execution, headers={"Authorization": "x"})
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                        {"Origin": f"https://127.0.0.1:{server.port}"}, {"Origin": ""},
                        {"Origin": f"http://127.0.0.1:{server.port + 1}"},
                        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Sec-Fetch-Site": "none"}):
            server.wish("stop", execution, headers=headers).refused(403)
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
            server.ask("list", {**AUTHORIZED, **headers}, which="active").refused(403)
        rebound = f"evil.example:{server.port}"
        server.ask("list", {**AUTHORIZED, "Host": rebound}, which="active").refused(403, "Host")
        server.wish("stop", execution, headers={
            "Host": rebound, "Origin": f"http://{rebound}"}).refused(403, "Host")
        server.wish("stop", execution,
                    headers={"Content-Type": "text/plain"}).refused(415)
        server.wish("stop", execution, reason="").refused(400, "reason")
        server.wish("stop", execution, reason="x" * 600).refused(400, "reason")
        equal(server.query("SELECT * FROM stop_requests"), [], "requests")
        equal(server.get(f"{DATA}/status").status, 401, "without a login")
        equal(execution.phase(), "running", "phase")
        execution.stop().ok()


@test
def on_record():
    """Stop and abandon are on record as the operator who has logged in"""
    with Operated(may_stop=True, stop_retry="50ms") as server:
        execution = server.running()
        server.wish("stop", execution, "incident 42").ok()
        row = execution.wait_phase("stopped")
        equal((row["stop_by"], row["stop_reason"]),
              ("extension", f"operator {OPERATOR}: incident 42"), "row")
        contains([event["who"] for event in execution.events()], f"operator {OPERATOR}", "events")
        lost = server.running(stop_trouble="fail", stop_trouble_count=1000)
        server.wish("abandon", lost, "never mind").refused(409)
        server.wish("stop", lost).ok()
        wait_for(lambda: lost.row()["last_error"], "a failure")
        equal(server.ask("list", AUTHORIZED, which="failing").json()["total"], 1, "failing")
        server.wish("abandon", lost, "undone by hand").ok()
        row = lost.row()
        equal((row["phase"], row["stop_reason"]),
              ("stopped", f"operator {OPERATOR}: abandoned: undone by hand"), "row")


@test
def headers():
    """The page is static, and browsers are told to load nothing from elsewhere"""
    with Operated() as server:
        for path, kind in (("", "text/html"), ("page.js", "javascript"), ("page.css", "text/"),
                           ("data/status", "application/json")):
            reply = server.get(f"/operator/{path}")
            equal(reply.status, 200, path)
            contains(reply.headers["Content-Type"], kind, f"type of {path}")
            policy = reply.headers["Content-Security-Policy"]
            contains(policy, "default-src 'none'", "policy")
            check("unsafe" not in policy and "*" not in policy, policy)
            equal(reply.headers["X-Content-Type-Options"], "nosniff", "sniffing")
        text = server.get("/operator/").body.decode()
        check("style=" not in text and "onclick" not in text, "something inline")
        for path in ("../nginx.conf", "%2e%2e/nginx.conf", "..%2fnginx.conf"):
            check(server.get(f"/operator/{path}").status in (400, 404), path)


# With one

class Browser:
    """Chromium with nothing but the page; says what it has asked the network for."""

    def __init__(self, width=1100, height=800, dark=False):
        if not selenium or not shutil.which("chromedriver") or not shutil.which("chromium"):
            check(not os.environ.get("ACTIONKIT_DEMAND_BROWSER"),
                  "chromium, chromium-driver and python3-selenium are not installed")
            raise Skip("chromium, chromium-driver or python3-selenium is not installed")
        self.profile = tempfile.mkdtemp(prefix="ak-browser-")
        options = selenium.webdriver.ChromeOptions()
        for flag in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
                     "disable-background-networking", "disable-component-update",
                     "disable-sync", "disable-dev-shm-usage", "hide-scrollbars",
                     f"user-data-dir={self.profile}", f"window-size={width},{height}"):
            options.add_argument("--" + flag)
        if dark:
            options.add_argument("--blink-settings=preferredColorScheme=0")
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.urls = []
        try:
            self.driver = selenium.webdriver.Chrome(
                service=selenium.webdriver.chrome.service.Service(shutil.which("chromedriver")),
                options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def size(self, width, height, dark):
        """As on a telephone: no window is that narrow."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, server):
        if server.may_stop:
            # For the browser to know the password; a page with one in its URL cannot fetch.
            self.driver.get(server.url(f"{OPERATOR}:{PASSWORD}@"))
        self.driver.get(server.url())
        wait_for(lambda: "serving" in self.text("server"), "the page to know the server")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def text(self, id):
        return self.run("return document.getElementById(arguments[0]).innerText", id)

    def click(self, selector):
        self.find(selector).click()

    def slow_click(self, selector, meanwhile):
        """A click whose button is held until something is so."""
        mouse = ActionChains(self.driver)
        mouse.click_and_hold(self.find(selector)).perform()
        meanwhile()
        mouse.reset_actions()
        mouse.release().perform()

    def keys(self, selector, *keys):
        self.find(selector).send_keys(*keys)

    def selected(self):
        return self.run("const row = document.querySelector('[aria-selected=true]');"
                        "return row && row.innerText")

    def requests(self):
        """All URLs that were asked for since."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.urls.append(message["params"]["request"]["url"])
        return self.urls

    def complaints(self):
        """What the browser has to say of the page: violations of its policy, errors of its code."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, name):
        if PICTURES:
            self.driver.save_screenshot(os.path.join(PICTURES, name))


@test
def in_a_browser():
    """Lists, details, stop and abandon by keyboard; texts stay texts, nothing is loaded"""
    with Operated(may_stop=True, stop_retry="50ms") as server, Browser() as browser:
        execution = server.running()
        lost = server.running(stop_trouble="fail", stop_trouble_count=1000)
        for one in (execution, lost):
            one.status().ok()
        server.write("UPDATE executions SET target = ?, error = ? WHERE id = ?", NASTY, NASTY,
                     execution.id)
        server.write("UPDATE executions SET start_result = json_object('messages', json_array("
                     "json_object('level', 'info', 'message', ?))) WHERE id = ?", NASTY,
                     execution.id)
        browser.open(server)
        wait_for(lambda: browser.count(".row") == 2, "two rows")
        contains(browser.text("list"), "<img src=x onerror=", "the list")
        contains(browser.text("list"), "\\u202egnp.exe\\u0007", "the list")
        contains(browser.text("server"), f"you are {OPERATOR}", "the server")

        # By keyboard: to the list, to the one that was made last, into it, and out again.
        browser.keys("#list", Keys.HOME, Keys.ENTER)
        wait_for(lambda: execution.id in browser.text("detail-title"), "its detail")
        wait_for(lambda: "<img src=x onerror=" in browser.text("facts"), "its message")
        for part in ("running", "Last messages", "undo_value", "created_at"):
            contains(browser.text("facts"), part, "the detail")
        check(browser.count(".timeline div") >= 3, "no time line")
        browser.picture("page-execution.png")
        equal((browser.count("img"), browser.run("return document.title")),
              (0, "ActionKit: what runs here"), "what the message has done")
        browser.click("#do-stop")
        contains(browser.text("said"), "Say why", "a stop without a reason")
        browser.keys("#reason", "incident 42")
        browser.click("#do-stop")
        equal(execution.wait_phase("stopped")["stop_reason"], f"operator {OPERATOR}: incident 42",
              "the reason")
        wait_for(lambda: "stopped" in browser.text("facts"), "the page to show that by itself")
        browser.keys("#close", Keys.ESCAPE)
        wait_for(lambda: not browser.run("return document.getElementById('detail').open"),
                 "the end of the dialog")

        wait_for(lambda: browser.count(".row") == 1, "one row")
        browser.keys("#list", Keys.HOME, Keys.ENTER)
        wait_for(lambda: lost.id in browser.text("detail-title"), "its detail")
        wait_for(lambda: browser.find("#reason").is_displayed(), "the form")
        check(not browser.find("#do-abandon").is_displayed(), "it can be abandoned")
        browser.keys("#reason", "by hand")
        browser.click("#do-stop")
        wait_for(lambda: browser.find("#do-abandon").is_displayed(), "that it can be abandoned")
        wait_for(lambda: "cannot be stopped" in browser.text("facts"), "why it cannot be stopped")
        browser.click("#do-abandon")
        browser.driver.switch_to.alert.accept()
        equal(lost.wait_phase("stopped")["stop_reason"],
              f"operator {OPERATOR}: abandoned: by hand", "the reason")
        browser.click("#close")

        browser.click("[data-view=history]")
        wait_for(lambda: browser.count(".row") == 2, "the history")
        browser.keys("#search", lost.id[:8])
        wait_for(lambda: browser.count(".row") == 1, "what was searched")
        browser.click("[data-view=processes]")
        wait_for(lambda: str(server.reaper()) in browser.text("processes"), "the reaper")
        for part in ("Disk", "ballast", "Responders", "idle"):
            contains(browser.text("processes"), part, "processes")
        browser.picture("page-processes.png")
        foreign = [url for url in browser.requests() if url.startswith(("http", "ws")) and
                   urllib.parse.urlsplit(url).netloc.rpartition("@")[2] !=
                   f"127.0.0.1:{server.port}"]
        equal(foreign, [], "requests to elsewhere")
        check(any(url.endswith("/page.js") for url in browser.urls), "no request is seen")
        equal([line for line in browser.complaints() if "401" not in line], [], "complaints")


@test
def five_thousand_rows():
    """5000 active rows scroll, in parts; 400 pixels do, dark and light; a dead server is told"""
    with Operated() as server, Browser() as browser:
        template = server.running()
        fill(server, template, MANY - 1)
        browser.open(server)
        wait_for(lambda: browser.text("total") == f"{MANY} executions", "all")
        check(0 < browser.count(".row") < ROWS_DRAWN_MAX, "rows are drawn that nobody sees")
        browser.picture("page-list.png")
        browser.run("document.getElementById('list').scrollTop = 2500 * 52")
        wait_for(lambda: "target 2500" in browser.text("list"), "the middle")
        check(browser.count(".row") < ROWS_DRAWN_MAX, "rows are drawn that nobody sees")
        browser.keys("#list", Keys.END)
        wait_for(lambda: "target 4999" in browser.text("list"), "the end")
        wait_for(lambda: "target 4999" in (browser.selected() or ""), "the last one")
        browser.keys("#list", Keys.ARROW_UP)
        contains(browser.selected(), "target 4998", "the one before")
        browser.keys("#search", "target 4321")
        wait_for(lambda: browser.text("total") == "1 execution", "the one that is searched")
        unfill(server)
        browser.keys("#search", Keys.CONTROL, "a", Keys.NULL, Keys.BACKSPACE)
        wait_for(lambda: browser.text("total") == "1 execution" and
                 browser.text("count-active") == "1", "the page to follow by itself")

        colours = []
        for dark in (False, True):
            browser.size(400, 700, dark)
            colours.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
            for view in ("active", "processes"):
                browser.click(f"[data-view={view}]")
                equal(browser.run("return document.documentElement.scrollWidth"), 400,
                      "width of the page")
        check(colours[0] != colours[1], f"dark is as light: {colours}")
        browser.click("[data-view=active]")
        wait_for(lambda: browser.count(".row") == 1, "the row")
        drawn = browser.text("list")
        browser.slow_click(".row", lambda: wait_for(
            lambda: browser.text("list") != drawn, "the list to be drawn anew"))
        wait_for(lambda: browser.count(".timeline div") > 0, "the detail")
        browser.picture("page-narrow.png")
        check(not browser.find("#stop").is_displayed(), "it offers to stop what it may not")
        equal(browser.complaints(), [], "complaints")
        template.stop().ok()
        server.signal(15)
        server.wait_exit()
        wait_for(lambda: "may be old" in browser.text("trouble"), "the page to say so")


if __name__ == "__main__":
    main(workers=2)
