// One connection after the other; every answer is the id of this process.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

fn serve(mut client: TcpStream) -> std::io::Result<()> {
    for line in BufReader::new(client.try_clone()?).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let body = format!("{}\n", std::process::id());
    write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", body.len(), body)
}

fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    for client in TcpListener::bind(("0.0.0.0", port)).unwrap().incoming() {
        if let Err(error) = client.and_then(serve) {
            eprintln!("{}", error);
        }
    }
}
