//! Joins engine and window. Nothing but joints.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use eframe::egui;

use crate::clock;
use crate::engine::{Engine, Options, StartError};
use crate::model::Problem;
use crate::runner::Scratch;
use crate::ui::{Shell, theme};

/// How long folding in events may take within a frame. Source: style.md, How things move.
const PUMP_BUDGET: Duration = Duration::from_millis(2);

/// Opens the window and stays until it is closed.
///
/// # Errors
/// If the engine cannot start, or the display offers no window or no OpenGL.
pub fn run(options: Options) -> Result<(), Problem> {
    let context: Arc<OnceLock<egui::Context>> = Arc::default();
    let waker = context.clone();
    let wake = move || {
        if let Some(context) = waker.get() {
            context.request_repaint();
        }
    };
    let (engine, _scratch) = start(options, wake)?;
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Sessions Console")
        .with_app_id("sessions-console")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([760.0, 480.0]);
    if let Ok(icon) = eframe::icon_data::from_png_bytes(include_bytes!("../assets/icon.png")) {
        viewport = viewport.with_icon(icon);
    }
    let native = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let create = move |cc: &eframe::CreationContext<'_>| {
        context.get_or_init(|| cc.egui_ctx.clone());
        Ok(Box::new(App::new(&cc.egui_ctx, engine)) as Box<dyn eframe::App>)
    };
    eframe::run_native("sessions-console", native, Box::new(create)).map_err(|error| Problem {
        summary: "The window could not be opened".into(),
        causes: vec![error.to_string()],
        hint: Some(
            "The window needs a display with OpenGL (Debian: libgl1 libgl1-mesa-dri); \
             the commands run, list, sandbox and listen need none"
                .into(),
        ),
    })
}

/// Starts the engine. A data folder that cannot be used does not keep the window shut: it
/// works in a private folder that goes with it, and says so.
fn start(
    options: Options,
    wake: impl Fn() + Clone + Send + Sync + 'static,
) -> Result<(Engine, Option<Scratch>), Problem> {
    let shown = |error: StartError| Problem::new(&error, Some(&error.hint()));
    match Engine::start(options.clone(), wake.clone()) {
        Ok(engine) => Ok((engine, None)),
        Err(StartError::Store(error)) => {
            let scratch = Scratch::new()?;
            let elsewhere = Options { data_dir: scratch.path().to_owned(), ..options };
            let mut engine = Engine::start(elsewhere, wake).map_err(shown)?;
            engine.keeps_nothing(Problem::new(&error, Some(error.hint())));
            Ok((engine, Some(scratch)))
        }
        Err(error) => Err(shown(error)),
    }
}

/// The window with its engine.
pub struct App {
    engine: Engine,
    shell: Shell,
}

impl App {
    /// Takes over a started engine.
    pub fn new(ctx: &egui::Context, engine: Engine) -> Self {
        theme::install(ctx);
        let shell = Shell::new(&engine.workspace().settings);
        Self { engine, shell }
    }

    /// The engine, for tests that compare the screen with what is.
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }
}

impl eframe::App for App {
    /// Runs even while the window is hidden, so that no callback is late.
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        if self.engine.pump(PUMP_BUDGET) {
            ctx.request_repaint();
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let mut commands = Vec::new();
        self.shell.ui(ui, self.engine.workspace(), clock::stamp(), &mut commands);
        if !commands.is_empty() {
            ui.ctx().request_repaint(); // so that their effect is seen
        }
        for command in commands {
            self.engine.dispatch(command);
        }
    }
}
