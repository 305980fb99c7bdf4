//! The shop's page in which the browser asks: a person confirms, or is asked by the bank after all.

use sessions_console::model::deck;

use super::*;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Confirm,
    AskTheBank,
}

/// By its words, as a person finds it.
async fn press(browser: &WebDriver, label: &str) {
    let path = format!("//button[normalize-space(.)='{label}']");
    seek(browser, By::XPath(path), label).await.click().await.expect("a click");
}

/// How many rows of the timeline begin so.
fn rows(bench: &Bench, id: sessions_console::model::RunId, beginning: &str) -> usize {
    lines(bench.run(id)).iter().filter(|line| line.starts_with(beginning)).count()
}

#[test]
fn a_person_confirms_in_the_shops_page_or_is_asked_by_the_bank() {
    let deck = deck::all();
    let scenario = deck::find(&deck, "S131").expect("a scenario of the deck");
    for way in [Way::Confirm, Way::AskTheBank] {
        let mut bench = bench();
        bench.engine.arm(&deck::write(scenario).expect("a scenario of the deck")).expect("the sandbox arms it");
        let plan = scenario.plan(sessions_console::model::settings::Settings::default().active_profile);
        let id = bench.start(person(Plan { unattended: false, ..plan }));
        let page = bench.turn_with(id, Step::Challenge).page.expect("a page to open");
        let seen = visit(async |browser| {
            browser.goto(&page).await.expect("the page opens");
            enter_bank(&browser, "dialog#challenge iframe").await;
            says(&browser, "stands in for your browser").await;
            match way {
                Way::Confirm => press(&browser, "Confirm with fingerprint").await,
                Way::AskTheBank => {
                    press(&browser, "Use another way").await;
                    answer(&browser, "Checkout1!").await;
                }
            }
            block_in_place(|| bench.end_meanwhile(id));
            browser.enter_default_frame().await.expect("the page");
            says(&browser, "Approved").await;
        });
        if seen.is_none() {
            return;
        }
        let said = lines(bench.run(id)).join("\n");
        assert_eq!((status(bench.run(id)), bench.run(id).progress.callbacks), ("approved", 1), "{said}");
        assert_eq!(last_read(&bench, id).status.word(), "approved");
        // Confirmed, the bank does not ask; given up, it does.
        let asked = way == Way::AskTheBank;
        let found = ["CReq", "RReq"].map(|message| rows(&bench, id, message) > 0);
        assert_eq!(found, [asked, asked], "{said}");
        // Either way the bank hears of it in a second request.
        assert_eq!(rows(&bench, id, "AReq"), 4, "each is seen by two: {said}");
    }
}
