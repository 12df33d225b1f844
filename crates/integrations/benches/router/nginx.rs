//! nginx as a proxy like the router: keep-alive to the server, forwarding fields, no access log.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::process::Process;

/// Starts nginx in `folder`; nothing when it is not installed.
pub(crate) fn start(
    folder: &Path,
    server: SocketAddr,
    n_workers: usize,
) -> Result<Option<(SocketAddr, Process)>> {
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        return Ok(None);
    }
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = folder.join("nginx.conf");
    let home = folder.display();
    std::fs::write(
        &config,
        format!(
            "worker_processes {n_workers};
            daemon off;
            pid {home}/pid;
            error_log {home}/error.log;
            events {{ worker_connections 4096; }}
            http {{
                access_log off;
                tcp_nodelay on;
                keepalive_requests 100000000;
                client_body_temp_path {home}/body;
                proxy_temp_path {home}/proxy;
                fastcgi_temp_path {home}/fastcgi;
                uwsgi_temp_path {home}/uwsgi;
                scgi_temp_path {home}/scgi;
                upstream server {{ server {server}; keepalive 128; keepalive_requests 100000000; }}
                server {{
                    listen {address};
                    location / {{
                        proxy_pass http://server;
                        proxy_http_version 1.1;
                        proxy_set_header Connection \"\";
                        proxy_set_header Host $host;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        proxy_set_header X-Forwarded-Proto $scheme;
                        proxy_set_header X-Forwarded-Host $host;
                    }}
                }}
            }}"
        ),
    )?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(&config).arg("-e").arg(folder.join("error.log"));
    let process = Process::start(&mut command)?;
    let patience = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        if Instant::now() > patience {
            return Err(std::fs::read_to_string(folder.join("error.log"))?.into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Some((address, process)))
}
