//! The SDK at work for a run: what it says goes out by the courier like every other request of
//! the shopper's device, and each step is shown.

use std::future::{Future, pending};
use std::time::Duration;

use super::{Sdk, Sending};
use crate::bus::Event;
use crate::client::Outgoing;
use crate::clock;
use crate::engine::drive::Driver;
use crate::model::device::{Act, Reply, Said, Screen};
use crate::model::exchange::{Response, Step};
use crate::model::{Lane, Problem};

impl Driver {
    /// The device of the session's challenge, ready to be opened or under way.
    ///
    /// # Errors
    /// Why this console cannot play the app's SDK here, in a sentence.
    pub(in crate::engine) fn device(&mut self) -> Result<&mut Sdk, &'static str> {
        let session = self.progress.session.as_ref().filter(|session| session.challenges_app());
        let session = session.ok_or("The session asks no app")?;
        let own = session.text("/acs/transaction_id").unwrap_or_default();
        if self.sdk.as_ref().is_none_or(|sdk| sdk.transaction() != own) {
            let data = self.app_data.as_ref().ok_or("This run has sent no app data")?;
            let mut sdk = Sdk::prepare(session, data, &self.keyring, self.plan.app.seal)?;
            sdk.returns_to(self.plan.app.url.clone());
            self.sdk = Some(Box::new(sdk));
        }
        self.sdk.as_deref_mut().ok_or("The device was put away")
    }

    /// Carries out what a person or a script wants of the device. True if that was the end of
    /// the challenge, good or bad.
    pub(in crate::engine) async fn act_on_device(&mut self, act: Act) -> bool {
        let now = self.clock.passed();
        let Ok(sdk) = self.device() else { return false }; // the challenge is over
        let (was_over, at) = (sdk.is_over(), clock::stamp());
        let late = matches!(&act, Act::Reply(reply) if reply.said == Said::TimeOut);
        let sending = match act {
            Act::Seal(seal) => {
                sdk.choose(seal);
                None
            }
            Act::Wrong(how) => {
                sdk.device.wrong = how;
                None
            }
            Act::Open => sdk.open(at),
            Act::Reply(reply) => sdk.answer(&reply, at),
            Act::Send(text) => sdk.send_text(text, at),
        };
        let late = late && sending.is_some();
        if sending.is_some() {
            sdk.opened.get_or_insert(now);
        }
        self.exchange(sending).await;
        if late
            && let Some(sdk) = &mut self.sdk
            && sdk.end_if_late()
        {
            self.show_device().await;
        }
        self.sdk.as_ref().is_some_and(|sdk| sdk.is_over()) && !was_over
    }

    /// Sends, takes the answer, and tells the issuer if it cannot be taken.
    pub(super) async fn exchange(&mut self, sending: Option<Sending>) {
        self.show_device().await;
        let Some(sending) = sending else { return };
        let answer = self.carry(sending).await;
        let Some(sdk) = &mut self.sdk else { return };
        let erro = match answer {
            Ok(answer) => sdk.take(&answer, clock::stamp()),
            Err(problem) => {
                sdk.give_up(
                    problem.summary,
                    problem.hint.as_deref().unwrap_or("Read the session to see where it stands"),
                );
                None
            }
        };
        self.show_device().await;
        if let Some(erro) = erro {
            self.carry(erro).await.ok(); // an Erro is never answered; that it went out is on the timeline
        }
    }

    pub(super) async fn carry(&self, sending: Sending) -> Result<Response, Problem> {
        let headers = vec![
            ("Accept".to_owned(), "application/jose, application/json".to_owned()),
            ("Content-Type".to_owned(), sending.content_type.to_owned()),
        ];
        let out = Outgoing {
            step: Step::Challenge,
            from: Lane::Browser,
            to: Lane::Issuer,
            method: "POST".into(),
            url: sending.url,
            headers,
            body: sending.body.into(),
        };
        let environment = self.profile.environment;
        self.time.hurry(Step::Challenge, self.courier.browse(self.run, environment, out)).await
    }

    /// The window sees the device as it is now.
    pub(in crate::engine) async fn show_device(&mut self) {
        if let Some(sdk) = &self.sdk {
            let device = Box::new(sdk.device.clone());
            self.sink.post(Event::DeviceChanged(self.run, device)).await;
        }
    }

    /// What the SDK's own timer has left; `None` while it does not run, also when the session
    /// has gone on without the app.
    pub(super) fn sdk_time_left(&self) -> Option<Duration> {
        self.progress.session.as_ref().filter(|session| session.challenges_app())?;
        let sdk = self.sdk.as_ref().filter(|sdk| !sdk.is_over())?;
        let passed = self.clock.passed().saturating_sub(sdk.opened?);
        Some(sdk.limit.saturating_sub(passed))
    }

    /// Ends when the SDK's own timer does; never while it does not run.
    pub(in crate::engine) fn sdk_timer(&self) -> impl Future<Output = ()> + Send + use<> {
        let (left, clock) = (self.sdk_time_left(), self.clock.clone());
        async move {
            match left {
                Some(left) => clock.sleep(left).await,
                None => pending().await,
            }
        }
    }

    /// The shopper's time is over. Source: emv-3ds.md 1.9, SDK total.
    pub(in crate::engine) async fn sdk_timed_out(&mut self) -> bool {
        self.act_on_device(Act::Reply(Reply::of(Said::TimeOut))).await
    }

    /// True once the SDK has spoken to the issuer.
    pub(in crate::engine) fn sdk_has_sent(&self) -> bool {
        self.sdk.as_ref().is_some_and(|sdk| sdk.has_sent())
    }

    /// Why the SDK gave up, if it did.
    pub(in crate::engine) fn aborted(&self) -> Option<&Problem> {
        match &self.sdk.as_ref()?.device.screen {
            Screen::Aborted(problem) => Some(problem),
            _ => None,
        }
    }
}
