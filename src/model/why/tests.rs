use super::*;

#[test]
fn members_of_a_body_know_their_question() {
    assert_eq!(question_of(3, "$.eci"), Some(Question::Eci));
    assert_eq!(question_of(3, "$['3ds'].eci"), Some(Question::Eci));
    assert_eq!(question_of(3, "$.cryptogram"), Some(Question::Liability));
    assert_eq!(question_of(3, "$.status"), Some(Question::Status(Some(3))));
    assert_eq!(question_of(3, "$.response_code"), Some(Question::Status(Some(3))));
    assert_eq!(question_of(3, "$.amount"), None);
    assert_eq!(question_of(3, "$"), None);
    assert_eq!(question_of(3, ""), None);
}
