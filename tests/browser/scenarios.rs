//! The deck by a person's clicks: S001 to S051 and S141 to S143; decoupled, and of exemptions and
//! the like all in which the shopper is asked. Each as its file says, in one Chromium for each
//! group, a tab for each scenario.
//!
//! The console steps by hand, as in the window with «manual»: the test presses Send. The shop's
//! page is open in the browser, which runs the 3DS Method in its hidden frame, tells what it is
//! and shows the bank; what the shopper does there is clicks and keys. The phone and the
//! sandbox's clock are moved by the control routes, as the sandbox panel does.
//!
//! Otherwise than for the scripted client:
//! - `seconds` is not compared: it counts what the scripted client lets pass on a virtual clock.
//!   Here the 3DS Method takes its real ten seconds, which is compared, and a session that is
//!   left is waited out minute by minute.
//! - `lint` without P030: it reads the exchanges of the scripted browser. What a real one is
//!   answered is no exchange of the console's; S047 looks at the page in its place.
//! - S038: the second CReq comes from a second tab, since a browser that loads a page again has
//!   lost the first one.
//! - S039: the shop that posts the CReq once more is another one, since ours shows the result.
//! - S049: what differs is that the shop sends its draft's data, not what this browser tells.
//! - S051: no script, so no Method in a hidden frame: the console runs it, and the shopper has
//!   the shop's page for browsers without scripts.
//! - Decoupled: what the shopper does beside the pages comes when the console is to read the
//!   session, since the bank waits for it then.
//! - App and merchant-initiated scenarios are not among these; all others can exist in a browser.
//!   Where nobody is asked, a page of S101 to S117 does no more than that of S001.

use sessions_console::model::RunId;
use sessions_console::model::deck;
use sessions_console::model::explain;
use sessions_console::model::run::{Act, Phase, Run, StepRequest, Turn};
use sessions_console::model::scenario::{Expect, Judged, MethodPage, Omission, Scenario, SecondCreq};
use sessions_console::model::settings::{HandOff, Settings, ShopPolicy};
use thirtyfour::WindowHandle;

use super::hand_offs::{OtherShop, shop};
use super::kinds::control;
use super::*;

/// The 3DS Method is waited for in vain: begun first, so that their ten seconds pass meanwhile.
/// Not S048, whose shop must have said N before the notification comes.
const SLOW: [&str; 2] = ["S045", "S047"];
/// How long a callback may come after the end.
const GRACE: Duration = Duration::from_secs(5);

/// Scenarios that one browser goes through.
#[derive(Clone, Copy)]
enum Group {
    /// The flows of a browser, and how they go wrong.
    Basic,
    /// Decoupled, exemptions, trust listing, recurring, confirmation in the shop's page.
    Further,
}

impl Group {
    fn has(self, scenario: &Scenario) -> bool {
        let digits = scenario.id.strip_prefix('S').and_then(|rest| rest.get(..3));
        let Some(number) = digits.and_then(|digits| digits.parse::<u16>().ok()) else { return false };
        match self {
            Self::Basic => matches!(number, 0..=51 | 141..=143),
            Self::Further => matches!(number, 81..=86 | 102 | 104 | 106 | 107 | 111 | 113 | 131),
        }
    }

    /// At least so many there are; fewer, and the choice above is wrong.
    fn least(self) -> usize {
        match self {
            Self::Basic => 51,
            Self::Further => 14,
        }
    }
}

/// How the shop hands over to the bank; most in a frame.
fn hand_off(scenario: &Scenario) -> HandOff {
    match scenario.id.as_str() {
        // Where nobody is to be sent to the bank by our page, it waits with a button.
        "S025" | "S039" | "S040" => HandOff::Window,
        "S027" | "S041" => HandOff::Window,
        "S034" | "S035" | "S051" => HandOff::Page,
        _ => HandOff::Frame,
    }
}

/// The browser and its first tab.
type Desk<'a> = (&'a WebDriver, &'a WindowHandle);

/// Where the bank asks.
#[derive(Clone)]
struct Bank {
    window: WindowHandle,
    frame: Option<&'static str>,
}

/// One run of a scenario, and the shopper at its tab.
struct Shopping<'a> {
    browser: &'a WebDriver,
    /// The browser's first tab, where it stands between two scenarios.
    home: &'a WindowHandle,
    scenario: &'a Scenario,
    acts: Vec<Act>,
    template: String,
    bench: Bench,
    id: RunId,
    tab: Option<WindowHandle>,
    /// The shopper has left, or is never sent to the bank.
    gone: bool,
    other: Option<OtherShop>,
}

impl<'a> Shopping<'a> {
    /// Arms the scenario and starts its run.
    fn begin((browser, home): Desk<'a>, scenario: &'a Scenario, mut bench: Bench, plan: Plan) -> Self {
        if scenario.directs() {
            bench.engine.arm(&deck::write(scenario).expect("a scenario of the deck")).expect("the sandbox arms it");
        }
        let acts = match &plan.shopper {
            Shopper::Scripted(acts) => acts.clone(),
            Shopper::Person => Vec::new(),
        };
        let template = plan.collect.clone();
        // Without scripts no page runs the Method and tells what the browser is.
        let pace = if plan.browser.javascript { Pace::Manual } else { Pace::Auto };
        let id = bench.start(Plan { pace, shopper: Shopper::Person, unattended: false, ..plan });
        let gone = scenario.shop.skip.contains(&Omission::Challenge);
        Self { browser, home, scenario, acts, template, bench, id, tab: None, gone, other: None }
    }

    /// The turn that comes next, if one does.
    fn next_turn(&mut self) -> Option<Turn> {
        let id = self.id;
        block_in_place(|| self.bench.until("a turn or the end", |w| !matches!(w.runs[&id].phase, Phase::Working(_))));
        match &self.bench.run(id).phase {
            Phase::Waiting(turn) => Some(Turn::clone(turn)),
            _ => None,
        }
    }

    fn until_over(&mut self, step: Step) {
        let id = self.id;
        let other = |phase: &Phase| !matches!(phase, Phase::Waiting(turn) if turn.request.step == step);
        block_in_place(|| self.bench.until(&format!("the end of {step}"), |w| other(&w.runs[&id].phase)));
    }

    fn send(&mut self, request: StepRequest) {
        self.bench.engine.dispatch(Command::Send(self.id, request));
    }

    /// From step to step; until the browser works on the Method if `slow`, else to the end.
    async fn go_on(&mut self, until_method: bool) {
        while let Some(turn) = self.next_turn() {
            let step = turn.request.step;
            assert_eq!(turn.problem, None, "{}", self.said());
            match step {
                Step::Method => {
                    self.open(&turn).await;
                    if until_method {
                        return;
                    }
                    self.until_over(step);
                    // Whatever becomes of the hidden frame, the shopper sees nothing of it.
                    let body = find(self.browser, "body").await.text().await.expect("a text");
                    assert!(!body.contains("went wrong"), "{body}");
                }
                Step::Collect => {
                    self.open(&turn).await;
                    let request = self.browser_data();
                    self.send(request);
                }
                Step::Challenge | Step::Redirect if self.gone => {
                    control(&self.bench, "POST", "/clock", &serde_json::json!({ "advance_seconds": 60 }));
                    self.bench.engine.dispatch(Command::Do(self.id, Step::Confirm));
                }
                Step::Challenge | Step::Redirect => self.bank(&turn).await,
                Step::Confirm => {
                    self.beside_the_pages();
                    self.send(turn.request);
                }
                _ => self.send(turn.request),
            }
        }
    }

    /// What a bank that asks by itself waits for: time, and the phone.
    fn beside_the_pages(&mut self) {
        if !self.decoupled() {
            return;
        }
        for act in std::mem::take(&mut self.acts) {
            match act {
                Act::Wait(seconds) => {
                    control(&self.bench, "POST", "/clock", &serde_json::json!({ "advance_seconds": seconds }));
                }
                Act::Phone(decision) => {
                    let body = serde_json::json!({ "decision": decision.word() });
                    control(&self.bench, "POST", &self.phone(), &body);
                }
                _ => (), // for a page, and the bank shows none
            }
        }
    }

    fn decoupled(&self) -> bool {
        self.scenario.tags.iter().any(|tag| tag == "decoupled")
    }

    /// A tab at the shop's page; one is enough, since the page follows its run.
    async fn open(&mut self, turn: &Turn) {
        let Some(tab) = &self.tab else {
            let tab = self.browser.new_tab().await.expect("a tab");
            self.browser.switch_to_window(tab.clone()).await.expect("the tab");
            self.tab = Some(tab);
            let page = turn.page.as_ref().expect("a page to open");
            self.browser.goto(page).await.expect("the page opens");
            return;
        };
        self.browser.switch_to_window(tab.clone()).await.expect("the tab");
        self.browser.enter_default_frame().await.expect("the page");
    }

    /// The request with what this browser says of itself, or with the shop's template.
    fn browser_data(&mut self) -> StepRequest {
        let id = self.id;
        let told = |turn: &Turn| turn.request.step == Step::Collect && turn.request.body.contains("HeadlessChrome");
        let turn = block_in_place(|| {
            self.bench
                .until("data of this browser", |w| matches!(&w.runs[&id].phase, Phase::Waiting(turn) if told(turn)));
            self.bench.turn_of(id)
        });
        if self.scenario.browser.really.is_empty() {
            return turn.request;
        }
        let read = |text: &str| serde_json::from_str::<serde_json::Map<_, _>>(text).expect("an object");
        let mut body: serde_json::Map<String, serde_json::Value> = read(&turn.request.body);
        body.extend(read(&self.template));
        StepRequest { body: serde_json::to_string(&body).expect("JSON"), ..turn.request }
    }

    /// The shopper at the bank.
    async fn bank(&mut self, turn: &Turn) {
        let step = turn.request.step;
        self.open(turn).await;
        let bank = self.way_to_bank(turn).await;
        let mut acts = std::mem::take(&mut self.acts);
        if self.decoupled() {
            let beside = acts.iter().rev().take_while(|act| matches!(act, Act::Wait(_) | Act::Phone(_))).count();
            self.acts = acts.split_off(acts.len() - beside);
        }
        // The replay comes when all is over: see `finish`.
        let mut acts = acts.into_iter().filter(|act| *act != Act::Replay).peekable();
        if step == Step::Redirect && self.scenario.shopper.is_empty() {
            self.until_over(step); // the bank asks nothing
            return;
        }
        while let Some(act) = acts.next() {
            self.act(&bank, &act, turn).await;
            if matches!(act, Act::Phone(_)) && acts.peek() == Some(&Act::Continue) {
                acts.next(); // the page sees that the phone was answered, and goes on by itself
            }
        }
        if !self.scenario.browser.javascript {
            find(self.browser, "#handover button").await.click().await.expect("a click");
            find(self.browser, "#back").await.click().await.expect("a click");
        }
        if !self.gone {
            self.until_over(step);
        }
    }

    async fn way_to_bank(&mut self, turn: &Turn) -> Bank {
        let window = self.tab.clone().expect("an open tab");
        let frame = |css| Bank { window: window.clone(), frame: Some(css) };
        if turn.request.step == Step::Redirect {
            return frame("iframe[name=cko-3ds2-iframe]");
        }
        if self.acts.contains(&Act::Replay) {
            let other = OtherShop::open().await;
            other.show(self.browser, &turn.request, (500, 600)).await;
            self.other = Some(other);
            return frame("#bank");
        }
        match hand_off(self.scenario) {
            HandOff::Frame => frame("dialog#challenge iframe"),
            HandOff::Page => {
                if !self.scenario.browser.javascript {
                    find(self.browser, "#plain").await.click().await.expect("a click");
                    find(self.browser, "form#bank button").await.click().await.expect("a click");
                }
                Bank { window, frame: None }
            }
            HandOff::Window => {
                let before = self.browser.windows().await.expect("windows");
                find(self.browser, "#open").await.click().await.expect("a click");
                let after = self.browser.windows().await.expect("windows");
                let new = after.into_iter().find(|window| !before.contains(window)).expect("a window for the bank");
                Bank { window: new, frame: None }
            }
        }
    }

    /// The form in which the bank asks, wherever it stands.
    async fn at_bank(&self, bank: &Bank) -> WebElement {
        self.browser.switch_to_window(bank.window.clone()).await.expect("the bank's window");
        if let Some(css) = bank.frame {
            self.browser.enter_default_frame().await.expect("the page");
            find(self.browser, css).await.enter_frame().await.expect("a frame");
        }
        find(self.browser, "form#form").await
    }

    async fn act(&mut self, bank: &Bank, act: &Act, turn: &Turn) {
        let browser = self.browser;
        let form = self.at_bank(bank).await;
        let press = async |css: &str| find(browser, css).await.click().await.expect("a click");
        match act {
            Act::Enter(text) => answer(browser, text).await,
            Act::EnterOffered => answer(browser, &self.code(0)).await,
            Act::EnterEarlier => answer(browser, &self.code(1)).await,
            Act::Resend => press("#resendButton").await,
            Act::Choose(keys) => {
                for key in keys {
                    press(&format!("input[value={key}]")).await;
                }
                press("#txtButton").await;
            }
            Act::Tick => {
                press("#agree").await;
                press("#txtButton").await;
            }
            Act::Continue => press("#txtButton").await,
            Act::Cancel => press("#cancelButton").await,
            Act::Phone(decision) => {
                let (route, body) = (self.phone(), serde_json::json!({ "decision": decision.word() }));
                control(&self.bench, "POST", &route, &body);
            }
            Act::Trust(yes) => {
                press(&format!("input[name=trust][value={}]", if *yes { "Y" } else { "N" })).await;
                return;
            }
            Act::Wait(seconds) => {
                control(&self.bench, "POST", "/clock", &serde_json::json!({ "advance_seconds": seconds }));
                return;
            }
            Act::Reload if self.refuses_twice() => return self.second_tab(turn).await,
            Act::Reload => drop(browser.execute("location.reload()", vec![]).await.expect("a script")),
            Act::Leave => {
                self.gone = true;
                return self.close().await;
            }
            other => unreachable!("not on a page that asks: {other:?}"),
        }
        self.has_gone(form).await;
    }

    /// The page that asked has made way for another.
    async fn has_gone(&self, form: WebElement) {
        let start = Instant::now();
        while form.tag_name().await.is_ok() {
            assert!(start.elapsed() < Duration::from_secs(20), "the page stays\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn refuses_twice(&self) -> bool {
        self.scenario.issuer.as_ref().is_some_and(|issuer| issuer.challenge.second_creq == SecondCreq::Reject)
    }

    /// The shop's page once more, in a tab that is closed again.
    async fn second_tab(&self, turn: &Turn) {
        let tab = self.browser.new_tab().await.expect("a tab");
        self.browser.switch_to_window(tab).await.expect("the tab");
        self.browser.goto(turn.page.as_ref().expect("a page")).await.expect("the page opens");
        find(self.browser, "dialog#challenge iframe").await.enter_frame().await.expect("a frame");
        says(self.browser, "Error 314").await;
        self.browser.close_window().await.expect("it closes");
    }

    async fn close(&mut self) {
        if let Some(tab) = self.tab.take() {
            self.browser.switch_to_window(tab).await.expect("the tab");
            self.browser.close_window().await.expect("it closes");
            self.browser.switch_to_window(self.home.clone()).await.expect("the first tab");
        }
    }

    fn phone(&self) -> String {
        let session = self.bench.run(self.id).session_id().expect("a session");
        format!("/sessions/{session}/phone")
    }

    /// The code that the phone shows, or one so many before it.
    fn code(&self, back: usize) -> String {
        let phone = control(&self.bench, "GET", &self.phone(), &serde_json::Value::Null);
        let messages = phone["messages"].as_array().cloned().unwrap_or_default();
        let codes: Vec<&str> = messages.iter().filter_map(|message| message["code"].as_str()).collect();
        (*codes.iter().rev().nth(back).expect("a code on the phone")).to_owned()
    }

    /// What the shopper sees when all is over, then the tab is closed.
    async fn finish(&mut self) {
        if self.scenario.issuer.as_ref().is_some_and(|issuer| issuer.method == MethodPage::Late) {
            let (id, come) = (self.id, "Method notification");
            let told = |run: &Run| lines(run).iter().any(|line| line.starts_with(come));
            block_in_place(|| self.bench.until("the late notification", |w| told(&w.runs[&id])));
        }
        if let Some(tab) = self.tab.clone() {
            self.browser.switch_to_window(tab).await.expect("the tab");
            self.browser.enter_default_frame().await.expect("the page");
            if self.other.is_some() {
                self.browser.refresh().await.expect("the page loads again");
                find(self.browser, "#bank").await.enter_frame().await.expect("a frame");
                says(self.browser, "Error 315").await;
            } else {
                let meaning = explain::meaning(&self.bench.run(self.id).progress).expect("a result");
                says(self.browser, &meaning.title).await;
                self.told_once().await;
            }
        }
        self.close().await;
    }

    /// The shop's page has told once what browser this is, however long the console waited.
    async fn told_once(&self) {
        let script =
            "return performance.getEntriesByType('resource').filter(e => e.name.endsWith('/browser-data')).length";
        let stayed = self.bench.run(self.id).plan.browser.javascript && hand_off(self.scenario) != HandOff::Page;
        if stayed && self.scenario.completion == Completion::NonHosted {
            let told = self.browser.execute(script, vec![]).await.expect("a script");
            assert_eq!(told.json(), 1, "{}", self.said());
        }
    }

    /// What did not come out as expected.
    fn judge(&mut self, judged: &Judged) -> Vec<String> {
        let (id, expect) = (&self.scenario.id, &judged.expect);
        let unseen = |rule: &String| *rule != "P030";
        let lint = expect.lint.clone().map(|rules| rules.into_iter().filter(unseen).collect());
        let meant = Judged { expect: Expect { seconds: None, lint, ..expect.clone() }, ..judged.clone() };
        let start = Instant::now();
        let mut found = meant.judge(self.bench.run(self.id));
        while !found.is_empty() && start.elapsed() < GRACE {
            block_in_place(|| self.bench.engine.wait(Duration::from_millis(100)));
            found = meant.judge(self.bench.run(self.id));
        }
        let mut lines: Vec<String> =
            found.iter().map(|m| format!("{id} {}: expected {}, actual {}", m.what, m.expected, m.actual)).collect();
        if expect.method.as_deref() == Some("N") && self.bench.run(self.id).length() < Duration::from_secs(10) {
            lines.push(format!("{id}: the 3DS Method was not waited for"));
        }
        let sees = |part: &str| self.said().contains(part);
        if !self.scenario.browser.really.is_empty() {
            let seen = control(&self.bench, "GET", "/overview", &serde_json::Value::Null);
            let session = &seen["sessions"][0];
            let of = |side: &str| session[side]["userAgent"].as_str().unwrap_or_default().to_owned();
            if of("declared") == of("method_facts") || of("declared").is_empty() || of("method_facts").is_empty() {
                lines.push(format!("{id}: the panel does not show the two browsers: {session}"));
            }
        }
        if !self.scenario.shopper.contains(&Act::Reload) && sees("CReq again") {
            lines.push(format!("{id}: the page posted the CReq twice"));
        }
        if !lines.is_empty() {
            lines.push(self.said());
        }
        lines
    }

    fn said(&self) -> String {
        format!("{}\n{}", self.scenario.id, lines(self.bench.run(self.id)).join("\n"))
    }
}

/// All runs of a scenario but the last, which is begun.
async fn begin<'a>(desk: Desk<'a>, scenario: &'a Scenario, wrong: &mut Vec<String>) -> (Shopping<'a>, Judged) {
    let mut bench = block_in_place(|| shop(hand_off(scenario), ShopPolicy::Usual));
    let mut plans = scenario.plans(&Settings::default().active_profile);
    let (last, last_judged) = plans.pop().expect("a scenario has a run");
    let last_judged = last_judged.expect("the last run is judged");
    for (plan, judged) in plans {
        let mut shopping = block_in_place(|| Shopping::begin(desk, scenario, bench, plan));
        shopping.go_on(false).await;
        shopping.finish().await;
        if let Some(judged) = judged {
            wrong.extend(shopping.judge(&judged));
        }
        bench = shopping.bench;
    }
    (block_in_place(|| Shopping::begin(desk, scenario, bench, last)), last_judged)
}

async fn end((mut shopping, judged): (Shopping<'_>, Judged), wrong: &mut Vec<String>) {
    shopping.go_on(false).await;
    shopping.finish().await;
    wrong.extend(shopping.judge(&judged));
    block_in_place(|| drop(shopping));
}

fn pass(group: Group, scripts: Scripts) {
    let deck: Vec<Scenario> = deck::all().into_iter().filter(|scenario| group.has(scenario)).collect();
    assert!(deck.len() >= group.least(), "{}", deck.len());
    let deck = deck.iter().filter(|scenario| scenario.browser.javascript == (scripts == Scripts::Run));
    let (slow, quick): (Vec<_>, Vec<_>) = deck.partition(|scenario| SLOW.contains(&scenario.id.as_str()));
    visit_as(scripts, async |browser| {
        let home = browser.window().await.expect("the first tab");
        let (mut wrong, mut waiting) = (Vec::new(), Vec::new());
        for scenario in slow {
            let mut shopping = begin((&browser, &home), scenario, &mut wrong).await;
            shopping.0.go_on(true).await;
            waiting.push(shopping);
        }
        for scenario in quick {
            println!("{}", scenario.id); // shown where a page does not come to what is waited for
            let shopping = begin((&browser, &home), scenario, &mut wrong).await;
            end(shopping, &mut wrong).await;
        }
        for shopping in waiting {
            end(shopping, &mut wrong).await;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn every_scenario_of_a_browser_passes_by_a_persons_clicks() {
    pass(Group::Basic, Scripts::Run);
}

#[test]
fn decoupled_exempt_and_recurring_ones_pass_by_a_persons_clicks() {
    pass(Group::Further, Scripts::Run);
}

#[test]
fn the_scenario_without_javascript_passes_by_a_persons_clicks() {
    pass(Group::Basic, Scripts::Blocked);
}
