//! The scripted cardholder in the shop's app: act by act on the simulated device.

use std::collections::VecDeque;
use std::time::Duration;

use crate::bus::Event;
use crate::clock;
use crate::engine::drive::Driver;
use crate::engine::shopper::End;
use crate::model::Problem;
use crate::model::device::{Act as Device, Reply, Screen, Ui};
use crate::model::exchange::Step;
use crate::model::run::Act;

/// Screens and acts that a challenge may have before we give up. Our choice.
const MOST_TURNS: usize = 60;

/// What is to be said with the next answer that can say it.
#[derive(Default)]
struct Beside {
    trust: Option<bool>,
    binding: Option<bool>,
}

impl Driver {
    /// Answers the app's challenge; without acts, or when they are used up, as a willing
    /// shopper would.
    ///
    /// # Errors
    /// If an act has no place on the screen that is shown.
    pub(in crate::engine) async fn app_by_script(&mut self, acts: &[Act]) -> Result<End, Problem> {
        let mut acts: VecDeque<&Act> = acts.iter().collect();
        let mut beside = Beside::default();
        let before = acts.iter().position(|act| **act == Act::Open).map_or(0, |at| at + 1);
        for act in acts.drain(..before) {
            match act {
                Act::Mischief(wrong) => {
                    self.act_on_device(Device::Wrong(Some(*wrong))).await;
                }
                Act::Wait(seconds) => self.let_pass(Duration::from_secs(*seconds)).await?,
                Act::Open => (),
                _ => {
                    return Err(Problem::of(
                        format!("{}: there is no screen to answer before the challenge is opened", Step::Challenge),
                        "Only mischief and wait may stand before open in a script",
                    ));
                }
            }
        }
        self.act_on_device(Device::Open).await;
        for _ in 0..MOST_TURNS {
            let screen = self.sdk.as_ref().map(|sdk| sdk.device.screen.clone());
            match screen {
                Some(Screen::Asks(ui)) => {
                    if let Some(end) = self.act_in_app(&ui, &mut acts, &mut beside).await? {
                        return Ok(end);
                    }
                }
                Some(Screen::Over(_)) => {
                    if acts.contains(&&Act::Replay) {
                        self.send_again().await;
                    }
                    return Ok(End::Over);
                }
                _ => return Ok(self.gave_up().await),
            }
        }
        Err(Problem::of(
            format!("{}: no end after {MOST_TURNS} screens and acts in the app", Step::Challenge),
            "Look at the messages on the device to see where it goes round in circles",
        ))
    }

    /// Said on the timeline. Who never sent anything waits until the issuer gives up too.
    async fn gave_up(&mut self) -> End {
        let sent = self.sdk_has_sent();
        if let Some(problem) = self.aborted() {
            let words = problem.line();
            self.sink.post(Event::StepNoted(self.run, Step::Challenge, words, clock::stamp())).await;
        }
        if sent { End::Over } else { End::Left }
    }

    /// One act. The end, if it is one.
    async fn act_in_app(
        &mut self,
        ui: &Ui,
        acts: &mut VecDeque<&Act>,
        beside: &mut Beside,
    ) -> Result<Option<End>, Problem> {
        let willing;
        let act = match acts.pop_front() {
            Some(act) => act,
            None => {
                willing = self.scripted().willing_in_app(ui).await?;
                &willing
            }
        };
        match act {
            Act::Leave => return Ok(Some(End::Left)),
            Act::Phone(decision) => self.scripted().decide(*decision).await?,
            Act::Trust(yes) => beside.trust = Some(*yes),
            Act::Bind(yes) => beside.binding = Some(*yes),
            Act::Mischief(wrong) => {
                self.act_on_device(Device::Wrong(Some(*wrong))).await;
            }
            Act::Reload => self.send_again().await,
            Act::Wait(seconds) => self.let_pass(Duration::from_secs(*seconds)).await?,
            Act::TimeOut => {
                let left = self.sdk_time_left().unwrap_or_default();
                self.let_pass(left).await?;
            }
            Act::Replay => {
                return Err(Problem::of(
                    format!("{}: the bank has not finished, so there is nothing to replay yet", Step::Challenge),
                    "replay comes last in a script, after the answer that ends the challenge",
                ));
            }
            act => {
                let said = self.scripted().in_app(ui, act, beside.trust).await?;
                let answers = said.answers();
                let (offers_trust, offers_binding) = (ui.trust.is_some() && answers, ui.binding.is_some() && answers);
                let trust = if offers_trust { beside.trust.take() } else { None };
                let binding = if offers_binding { beside.binding.take() } else { None };
                self.act_on_device(Device::Reply(Reply { said, trust, binding })).await;
            }
        }
        Ok(None)
    }

    /// Time passes; the SDK's own timer runs meanwhile.
    async fn let_pass(&mut self, how_long: Duration) -> Result<(), Problem> {
        let left = self.sdk_time_left().unwrap_or(Duration::MAX);
        let ends = how_long >= left;
        let (time, clock, pause) = (self.time.clone(), self.clock.clone(), how_long.min(left));
        if time.is_virtual() {
            time.pass(Step::Challenge, pause).await?;
        } else {
            clock.sleep(pause).await; // also when somebody moves the sandbox's clock
        }
        if ends {
            self.sdk_timed_out().await;
        }
        Ok(())
    }

    /// The newest CReq once more.
    async fn send_again(&mut self) {
        let sending = self.sdk.as_mut().and_then(|sdk| sdk.again(clock::stamp()));
        let over = self.sdk.as_ref().is_some_and(|sdk| sdk.is_over());
        match sending {
            // What a finished challenge answers changes nothing on the screen; its row tells.
            Some(sending) if over => {
                self.carry(sending).await.ok();
            }
            sending => self.exchange(sending).await,
        }
        self.show_device().await;
    }
}
