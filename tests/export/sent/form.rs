use reqwest::redirect::Policy;
use reqwest::{Client, Method};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let body = String::new() + "grant_type=client_credentials&client_secret=" + &std::env::var("CLIENT_SECRET")? + "&scope=a";
    let client = Client::builder().redirect(Policy::none()).http1_title_case_headers().build()?;
    let response = client
        .request(Method::POST, "http://api.sandbox.example/connect/token")
        .header("User-Agent", "sessions-console/0.1.0")
        .header("Accept", "*/*")
        .header("Accept-Encoding", "identity")
        .header("Authorization", format!("Basic {}", std::env::var("CREDENTIALS")?))
        .header("X-Api-Key", std::env::var("X_API_KEY")?)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await?;
    println!("{}", response.status());
    println!("{}", response.text().await?);
    Ok(())
}
