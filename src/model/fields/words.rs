//! The closed lists of words of the contract, each word with what it means and with the
//! other spellings that the API takes. Source: sessions-api.md 3, 9.3.

/// One word of a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// As on the wire.
    pub word: &'static str,
    /// What it means, in a few words.
    pub meaning: &'static str,
    /// Other spellings that the API takes for it.
    pub aliases: &'static [&'static str],
}

/// A word without other spellings.
pub(in crate::model) const fn word(word: &'static str, meaning: &'static str) -> Word {
    Word { word, meaning, aliases: &[] }
}

const fn also(word: &'static str, meaning: &'static str, aliases: &'static [&'static str]) -> Word {
    Word { word, meaning, aliases }
}

/// The entry for a spelling.
pub fn known(list: &'static [Word], text: &str) -> Option<&'static Word> {
    list.iter().find(|word| word.word == text || word.aliases.contains(&text))
}

/// The wire's own spelling of a word; the text itself if nobody knows it.
pub fn canonical<'a>(list: &'static [Word], text: &'a str) -> &'a str {
    known(list, text.trim()).map_or(text, |word| word.word)
}

/// The words with commas between.
pub fn list(list: &[Word]) -> String {
    list.iter().map(|word| word.word).collect::<Vec<_>>().join(", ")
}

/// `source.type`.
pub const SOURCE_TYPES: &[Word] = &[
    word("card", "the card's own number"),
    word("id", "a stored card, by its instrument id"),
    word("token", "a single-use token"),
    word("network_token", "the scheme's token for a card"),
];
/// `source.scheme`.
pub const SCHEMES: &[Word] = &[
    word("visa", "Visa"),
    word("mastercard", "Mastercard"),
    word("amex", "American Express"),
    word("cartes_bancaires", "Cartes Bancaires"),
    word("diners", "Diners Club"),
    word("discover", "Discover"),
    word("jcb", "JCB"),
    word("upi", "UnionPay"),
];
/// `authentication_type`.
pub const AUTHENTICATION_TYPES: &[Word] = &[
    word("regular", "one payment"),
    word("recurring", "first of a series"),
    also("installment", "one purchase, several payments", &["instalment"]),
    word("maintain_card", "card details change"),
    word("add_card", "card is stored"),
];
/// `authentication_category`.
pub const CATEGORIES: &[Word] =
    &[word("payment", "money moves"), also("non_payment", "only the card is checked", &["nonPayment"])];
/// `challenge_indicator`.
pub const CHALLENGE_INDICATORS: &[Word] = &[
    word("no_preference", "the bank decides"),
    word("no_challenge_requested", "rather not"),
    word("challenge_requested", "please ask the shopper"),
    word("challenge_requested_mandate", "the shopper must be asked by law or rule"),
    word("low_value", "exemption: a small amount"),
    word("trusted_listing", "exemption: the shopper trusts this shop"),
    word("trusted_listing_prompt", "the same, and ask to list the shop"),
    word("transaction_risk_assessment", "exemption: the acquirer assessed the risk"),
    word("secure_corporate_payment", "exemption: a corporate payment"),
    word("data_share", "share data, never challenge"),
];
/// `transaction_type`.
pub const TRANSACTION_TYPES: &[Word] = &[
    word("goods_service", "goods or services"),
    word("check_acceptance", "a cheque"),
    word("account_funding", "money into an account"),
    also("quasi_card_transaction", "as good as cash", &["quashi_card_transaction"]),
    word("prepaid_activation_and_load", "a prepaid card"),
];
/// `completion.type`.
pub const COMPLETIONS: &[Word] = &[
    word("hosted", "the API's page does the shopper's part"),
    also("non_hosted", "we do it, step by step", &["non-hosted"]),
];
/// `channel_data.channel`.
pub const CHANNELS: &[Word] = &[
    word("browser", "the shopper sits at a browser"),
    word("app", "the shopper uses the shop's app"),
    word("merchant_initiated", "no shopper there: the shop starts it"),
];
/// `three_ds_method_completion`.
pub const METHOD_RESULTS: &[Word] = &[
    also("Y", "the 3DS Method was done", &["y"]),
    also("N", "it was tried and failed", &["n"]),
    also("U", "there was no 3DS Method", &["u"]),
];
/// `channel_data.request_type`.
pub const REQUEST_TYPES: &[Word] = &[
    word("recurring_transaction", "the next of a series"),
    word("installment_transaction", "the next part of one purchase"),
    word("add_card", "a card is stored"),
    word("maintain_card_information", "stored details change"),
    word("account_verification", "only a check that the card lives"),
    word("split_or_delayed_shipment", "the rest of an order ships later"),
    word("top_up", "a balance fell below its limit"),
    word("mail_order", "the order came by post"),
    word("telephone_order", "the order came by phone"),
    word("whitelist_status_check", "does the shopper still trust us"),
    word("other_payment", "anything else"),
];
/// `acs.interface`: what the issuer chose. Source: sessions-api.md 4.4.
pub const CHOSEN_INTERFACES: &[Word] = &[word("native_ui", "the app's own widgets"), word("html", "the bank's HTML")];
/// `sdk_interface_type`.
pub const INTERFACES: &[Word] =
    &[word("native", "the app's own widgets"), word("html", "the bank's HTML"), word("both", "either")];
/// `sdk_ui_elements`.
pub const UI_ELEMENTS: &[Word] = &[
    word("text", "a text to type, such as a code"),
    word("single_select", "one choice"),
    word("multi_select", "several choices"),
    word("oob", "confirm in the bank's app"),
    word("html_other", "the bank's own HTML"),
];
/// `preferred_experiences`.
pub const EXPERIENCES: &[Word] = &[word("3ds", "3-D Secure"), word("google_spa", "Google secure payment")];
/// `account_info.account_age`.
pub const ACCOUNT_AGES: &[Word] = &[
    word("no_account", "a guest"),
    word("created_during_transaction", "opened just now"),
    word("less_than_thirty_days", "under 30 days"),
    word("thirty_to_sixty_days", "30 to 60 days"),
    word("more_than_sixty_days", "over 60 days"),
];
/// `account_info.cardholder_account_age_indicator`.
pub const CARDHOLDER_AGES: &[Word] = &[
    word("no_account", "a guest"),
    word("this_transaction", "opened just now"),
    word("less_than_thirty_days", "under 30 days"),
    word("thirty_to_sixty_days", "30 to 60 days"),
    word("more_than_sixty_days", "over 60 days"),
];
/// Ages that start with this purchase.
pub const AGES: &[Word] = &[
    word("this_transaction", "with this purchase"),
    word("less_than_thirty_days", "under 30 days ago"),
    word("thirty_to_sixty_days", "30 to 60 days ago"),
    word("more_than_sixty_days", "over 60 days ago"),
];
/// `account_info.account_password_change_indicator`.
pub const PASSWORD_AGES: &[Word] = &[
    word("no_change", "never"),
    word("this_transaction", "with this purchase"),
    word("less_than_thirty_days", "under 30 days ago"),
    word("thirty_to_sixty_days", "30 to 60 days ago"),
    word("more_than_sixty_days", "over 60 days ago"),
];
/// `account_info.authentication_method`.
pub const LOGINS: &[Word] = &[
    word("no_authentication", "a guest"),
    word("own_credentials", "the shop's own login"),
    word("federated_id", "a login of somebody else's"),
    word("issuer_credentials", "the bank's login"),
    word("third_party_authentication", "a third party's check"),
    word("fido", "a passkey"),
];
/// `account_info.account_type`.
pub const ACCOUNT_TYPES: &[Word] =
    &[word("not_applicable", "one kind only"), word("credit", "credit"), word("debit", "debit")];
/// `three_ds_req_auth_method`.
pub const REQUESTOR_LOGINS: &[Word] = &[
    word("no_threeds_requestor_authentication_occurred", "a guest"),
    word("three3ds_requestor_own_credentials", "the shop's own login (so spelt by the API)"),
    word("federated_id", "a login of somebody else's"),
    word("issuer_credentials", "the bank's login"),
    word("third_party_authentication", "a third party's check"),
    word("fido_authenticator", "a passkey"),
    word("fido_authenticator_fido_assurance_data_signed", "a passkey, with signed proof"),
    word("src_assurance_data", "Click to Pay's proof"),
];
/// `merchant_risk_info.delivery_timeframe`.
pub const DELIVERY: &[Word] = &[
    word("electronic_delivery", "by e-mail or download"),
    word("same_day", "today"),
    word("overnight", "tomorrow"),
    word("two_day_or_more", "in two days or more"),
];
/// `merchant_risk_info.shipping_indicator`.
pub const SHIPPING: &[Word] = &[
    word("billing_address", "to the billing address"),
    word("another_address_on_file", "to another address the shop knows"),
    word("not_on_file", "to a new address"),
    word("store_pick_up", "collected in the shop"),
    word("digital_goods", "nothing is shipped"),
    word("travel_and_event_no_shipping", "tickets, nothing is shipped"),
    word("other", "something else"),
    word("visa", "taken, because two SDKs know only this"),
];
/// `merchant_risk_info.reorder_items_indicator`.
pub const REORDER: &[Word] = &[word("first_time_ordered", "new to this shopper"), word("reordered", "bought before")];
/// `merchant_risk_info.pre_order_purchase_indicator`.
pub const PREORDER: &[Word] =
    &[word("merchandise_available", "in stock"), word("future_availability", "not yet in stock")];
/// `3ds.challenge_indicator` of a payment.
pub const PAYMENT_INDICATORS: &[Word] = &[
    word("no_preference", "the bank decides"),
    word("no_challenge_requested", "rather not"),
    word("challenge_requested", "please ask the shopper"),
    word("challenge_requested_mandate", "the shopper must be asked by law or rule"),
];

/// ISO 4217, active codes.
pub const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL \
    BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD \
    FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW \
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO \
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP \
    STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD \
    XOF XPF YER ZAR ZMW ZWL";
