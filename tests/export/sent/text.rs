use reqwest::redirect::Policy;
use reqwest::{Client, Method};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let body = "{\n  \"quotes\": \"' \\\" ` '''\\\"\\\"\\\" \\\\\",\n\t\"signs\": \"$HOME ${x} {$x} #{y} %s {{z}} \\u0041 \\x41 r#\\\"#\\\"## ?> </script> */ // -- \",\n  \"text\": \"äß 漢字 \u{1f600} \u{202e} \u{2028} \u{feff} \u{3164}\"\r\n}\n\n  ";
    let client = Client::builder().redirect(Policy::none()).http1_title_case_headers().build()?;
    let response = client
        .request(Method::POST, "http://api.sandbox.example/sessions?x=%41")
        .header("User-Agent", "sessions-console/0.1.0")
        .header("Accept", "*/*")
        .header("Accept-Encoding", "identity")
        .header("Authorization", format!("Bearer {}", std::env::var("ACCESS_TOKEN")?))
        .header("X-Note", "a \"b\" \\c {d}")
        .header("Content-Type", "application/json")
        .body(body)
        .send()
        .await?;
    println!("{}", response.status());
    println!("{}", response.text().await?);
    Ok(())
}
