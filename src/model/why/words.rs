//! The words for the bank's reasons and ways to end a challenge. Source: emv-3ds.md 3.2, 3.6.

/// A reason in a few words, to follow «because»; empty if the protocol does not know it or the
/// schemes disagree.
pub(super) fn reason(code: &str) -> &'static str {
    match code {
        "01" => "the cardholder was not authenticated",
        "02" => "the device is unknown",
        "03" => "the device is not supported",
        "04" => "the card was authenticated too often lately",
        "05" => "the card has expired",
        "06" => "the card number is invalid",
        "07" => "the transaction is invalid",
        "08" => "the bank has no record of the card",
        "09" => "security failed",
        "10" => "the card is reported stolen",
        "11" => "the bank suspects fraud",
        "12" => "the cardholder may not do this",
        "13" => "the cardholder is not enrolled",
        "14" => "time ran out at the bank",
        "15" => "the bank's confidence is low",
        "16" => "the bank's confidence is medium",
        "17" => "the bank's confidence is high",
        "18" => "the bank's confidence is very high",
        "19" => "there were too many wrong answers",
        "20" => "checks without a payment are not supported",
        "21" => "payments that the shop starts are not supported",
        "22" => "the bank had a technical problem",
        "23" => "the bank must ask by a way of its own, and was not allowed to",
        "24" => "the time for the bank's own way ran out",
        "25" => "the time for the bank's own way is too short",
        "26" => "the cardholder did not do what was asked",
        "27" => "the preferred method is not supported",
        "28" => "the content security policy is not valid",
        "29" => "the bank falls back to a way of its own",
        "30" => "the bank needs more, by a way of its own",
        _ => "",
    }
}

/// How a challenge was broken off.
pub(super) fn cancelled(code: &str) -> &'static str {
    match code {
        "01" => "the cardholder cancelled",
        "03" => "the time for the bank's own way ran out",
        "04" => "time ran out at the bank",
        "05" => "the first challenge request never came",
        "06" => "the bank's page failed",
        "08" => "time ran out in the app's SDK",
        "09" | "10" => "an error came in place of a challenge message",
        _ => "it was broken off",
    }
}
