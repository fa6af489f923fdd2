//! An RPC endpoint whose answers a test writes.

use {
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_sdk::client::Client,
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::{
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        sync::{Arc, Mutex},
        thread,
    },
};

/// What a test answers to a method and its parameters; an error is a code and a message.
type Answer = dyn FnMut(&str, &Value) -> Result<Value, (i64, &'static str)> + Send;

/// A request that was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub parameters: Value,
}

/// The endpoint. It serves until the test process ends.
pub struct Rpc {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Rpc {
    pub fn start(answer: impl FnMut(&str, &Value) -> Result<Value, (i64, &'static str)> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let answer: Arc<Mutex<Box<Answer>>> = Arc::new(Mutex::new(Box::new(answer)));
        let noted = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                thread::spawn(move || serve(stream.unwrap(), &noted, &answer));
            }
        });
        Self { url, calls }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// The requests of one method, in order.
    pub fn calls(&self, method: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        let calls = calls.iter().filter(|call| call.method == method);
        calls.map(|call| call.parameters.clone()).collect()
    }

    /// The methods of all requests, in order.
    pub fn methods(&self) -> Vec<String> {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .map(|call| call.method.clone())
            .collect()
    }
}

/// The request that a client makes.
pub fn request(stream: &TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn serve(mut stream: TcpStream, noted: &Mutex<Vec<Call>>, answer: &Mutex<Box<Answer>>) {
    let request = request(&stream);
    let method = request["method"].as_str().unwrap().to_owned();
    let parameters = request["params"].clone();
    noted.lock().unwrap().push(Call {
        method: method.clone(),
        parameters: parameters.clone(),
    });
    let result = answer.lock().unwrap()(&method, &parameters);
    let response = match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }),
        Err((code, message)) => {
            json!({ "jsonrpc": "2.0", "id": request["id"], "error": { "code": code, "message": message } })
        }
    };
    let body = response.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

/// A result together with the slot of which it is.
pub fn of_slot(value: Value) -> Value {
    json!({ "context": { "slot": 1, "apiVersion": "4.2.2" }, "value": value })
}

/// An account as endpoints have it.
pub fn account(owner: &Pubkey, data: &[u8]) -> Value {
    json!({
        "lamports": 1_000_000,
        "owner": owner.to_string(),
        "data": [BASE64_STANDARD.encode(data), "base64"],
        "executable": false,
        "rentEpoch": 0,
        "space": data.len(),
    })
}

/// Bytes that endpoints have in base64.
pub fn bytes(text: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap()
}

/// Addresses in parameters.
pub fn keys(list: &Value) -> Vec<Pubkey> {
    let list = list.as_array().unwrap().iter();
    list.map(|key| key.as_str().unwrap().parse().unwrap()).collect()
}
