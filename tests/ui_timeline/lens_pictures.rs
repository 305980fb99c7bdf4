use super::lens::*;
use super::*;

#[test]
fn lens_pictures() {
    let run = session::finished(ONE);
    let create = exchange_of(&run, Step::Create);
    let collect = exchange_of(&run, Step::Collect);
    let token = exchange_of(&run, Step::Token);
    let last = run.entries.last().unwrap().number;
    let creq = "creq=eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsImFjc1RyYW5zSUQiOiIzNzVkOTBhZC0zODczLTQ5OGItOTEzMy0zODBjYmJjOGQ5OWQiLCJtZXNzYWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMi4wIiwiY2hhbGxlbmdlV2luZG93U2l6ZSI6IjAzIn0";
    use base64::Engine as _;
    let body =
        json!({"messageType": "CReq", "messageVersion": "2.2.0", "acsTransID": "375d90ad", "challengeWindowSize": "7"});
    let damaged = format!("creq={}%3D", base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(body.to_string()));
    let (creq_run, creq_row) = posted(Step::Challenge, creq);
    let (bad_run, bad_row) = posted(Step::Challenge, &damaged);
    let (pares_run, pares_row) = posted(Step::Authenticate, &pares());
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        for (size, width) in [(WIDE, 456), (NARROW, 360)] {
            let shots: Vec<(&str, Workspace, usize, &str)> = vec![
                ("explain-create", session::workspace([run.clone()]), create, "Explain"),
                ("explain-collect", session::workspace([run.clone()]), collect, "Explain"),
                ("creq", session::workspace([creq_run.clone()]), creq_row, "Decoded"),
                ("bad", session::workspace([bad_run.clone()]), bad_row, "Decoded"),
                ("pares", session::workspace([pares_run.clone()]), pares_row, "Decoded"),
                ("token", with_token(run.clone()), token, "Decoded"),
                ("session", with_token(run.clone()), last, "Decoded"),
                ("headers", with_token(run.clone()), create, "Headers"),
                ("timing", session::workspace([run.clone()]), create, "Timing"),
            ];
            for (shot, workspace, row, page) in shots {
                let mut window = alone(workspace, row, size, look);
                if window.query_by_role_and_label(Role::Tab, page).is_none() {
                    tab(&mut window, "More");
                    window.get_by_role_and_label(Role::Button, page).click();
                    window.run_steps(3);
                } else {
                    tab(&mut window, page);
                }
                if shot == "creq" {
                    window.get_by_label("Show the JSON of CReq").click();
                    window.run_steps(4);
                }
                window.hover_at(pos2(2.0, 2.0));
                window.run_steps(2);
                window.render().unwrap().save(format!("/tmp/lens/{shot}-{width}-{name}.png")).unwrap();
            }
        }
    }
}
