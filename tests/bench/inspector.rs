//! Placeholder, filled in on its branch.
mod frame;
fn main() {
    let mut w = frame::Headless::new(100.0, 100.0);
    println!(
        "{:?}",
        w.frame(vec![], |ui| {
            ui.label("x");
        })
    );
}
