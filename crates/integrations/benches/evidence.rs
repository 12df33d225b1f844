//! Megabytes of evidence read into the normal form per second on one core, and the memory that it takes: SARIF, CycloneDX
//! and JUnit of 200 MB each, made up.
//!
//! Each document is read by a process of its own, whose peak of resident memory is the kernel's figure (`VmHWM`), and once
//! more with a document of a twentieth of the size: what does not grow with the document is bounded.
//! `cargo bench -p shipway-integrations --bench evidence`; `SHIPWAY_BENCH_MEGABYTES` sets how many (200).

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use shipway_integrations::evidence::{self, Source};

const MEGABYTES: u64 = 200;
/// How much smaller the second document is.
const SMALLER: u64 = 20;

/// A document: its beginning, an entry by its number, what stands between entries, and its end.
struct Form {
    name: &'static str,
    head: &'static str,
    entry: fn(u64) -> String,
    between: &'static str,
    end: &'static str,
}

const FORMS: &[Form] = &[
    Form {
        name: "sarif",
        head: r#"{"version":"2.1.0","$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[{"tool":{"driver":{"name":"bench","rules":[]}},"results":["#,
        entry: |n| {
            format!(
                r#"{{"ruleId":"R{}","level":"warning","message":{{"text":"the value of `total_{n}` is never read, and what is written to it here is lost"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/module_{}/file_{}.rs"}},"region":{{"startLine":{},"startColumn":5,"endLine":{},"snippet":{{"text":"    let total_{n} = compute(&input, options.clone());"}}}}}}}}],"partialFingerprints":{{"primaryLocationLineHash":"{n:016x}:1"}}}}"#,
                n % 200,
                n % 97,
                n % 1000,
                n % 900 + 1,
                n % 900 + 2
            )
        },
        between: ",",
        end: "]}]}",
    },
    Form {
        name: "cyclonedx",
        head: r#"{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{"component":{"type":"application","bom-ref":"shop","name":"shop"}},"components":["#,
        entry: |n| {
            format!(
                r#"{{"type":"library","bom-ref":"pkg:npm/package-{n}@1.{}.{}","name":"package-{n}","version":"1.{}.{}","purl":"pkg:npm/package-{n}@1.{}.{}","description":"a package that does one thing, and does it in the way in which it is usually done","licenses":[{{"license":{{"id":"MIT"}}}}],"hashes":[{{"alg":"SHA-256","content":"{n:064x}"}}],"externalReferences":[{{"type":"vcs","url":"https://github.com/example/package-{n}"}}]}}"#,
                n % 30,
                n % 9,
                n % 30,
                n % 9,
                n % 30,
                n % 9
            )
        },
        between: ",",
        end: "]}",
    },
    Form {
        name: "junit",
        head: "<testsuites><testsuite name=\"unit\">\n",
        entry: |n| match n % 50 {
            0 => format!(
                "<testcase classname=\"shop.module_{}\" name=\"case_{n}\" time=\"0.01{}\"><failure message=\"expected {n}\">left: {n}\nright: 0\n  at src/module.rs:{}\n  at src/runner.rs:40</failure><system-out>connected to 127.0.0.1, sent {n} bytes</system-out></testcase>\n",
                n % 97,
                n % 10,
                n % 900
            ),
            _ => format!(
                "<testcase classname=\"shop.module_{}\" name=\"case_{n}\" time=\"0.00{}\"><system-out>connected to 127.0.0.1, sent {n} bytes, and closed</system-out></testcase>\n",
                n % 97,
                n % 10
            ),
        },
        between: "",
        end: "</testsuite></testsuites>\n",
    },
];

fn main() {
    // The process that reads one document.
    if let Ok(path) = std::env::var("SHIPWAY_BENCH_DOCUMENT") {
        return read(Path::new(&path));
    }
    let set = std::env::var("SHIPWAY_BENCH_MEGABYTES").ok();
    let megabytes = set.map_or(MEGABYTES, |it| it.parse().expect("a number of megabytes"));
    let folder = tempfile::tempdir().expect("a folder");
    println!("| format | MB | entries kept | left out | MB/s | peak MB | peak MB of a twentieth |");
    println!("|---|---|---|---|---|---|---|");
    for form in FORMS {
        let whole = measure(folder.path(), form, megabytes);
        let part = measure(folder.path(), form, megabytes.div_ceil(SMALLER));
        println!(
            "| {} | {megabytes} | {whole} | {} |",
            form.name,
            part.rsplit(" | ").next().unwrap_or_default()
        );
    }
}

/// Writes the document, has it read, and removes it.
fn measure(folder: &Path, form: &Form, megabytes: u64) -> String {
    let path = folder.join(form.name);
    write(&path, form, megabytes * 1_000_000).expect("a document");
    let itself = std::env::current_exe().expect("its own path");
    let output = Command::new(itself).env("SHIPWAY_BENCH_DOCUMENT", &path).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_file(&path).expect("it was there");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn write(path: &Path, form: &Form, n_bytes: u64) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(form.head.as_bytes())?;
    let mut written = 0;
    for n in 0.. {
        if written >= n_bytes {
            break;
        }
        if n > 0 {
            file.write_all(form.between.as_bytes())?;
        }
        let entry = (form.entry)(n);
        written += entry.len() as u64;
        file.write_all(entry.as_bytes())?;
    }
    file.write_all(form.end.as_bytes())?;
    file.flush()
}

/// Says what came of it: entries kept, left out, megabytes a second, and the peak of resident memory.
fn read(path: &Path) {
    let format =
        evidence::find(path.file_name().and_then(|it| it.to_str()).expect("a name")).expect("a format");
    let n_bytes = fs::metadata(path).expect("it is there").len();
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).expect("it opens"));
    let began = Instant::now();
    let normal = evidence::read(Source::new(&mut file), None, Some(format)).expect("it is read");
    let took = began.elapsed();
    let kept = normal.findings.as_ref().map(Vec::len).into_iter();
    let kept = kept
        .chain(normal.components.as_ref().map(Vec::len))
        .chain(normal.tests.as_ref().map(|it| it.cases.len()));
    let left_out: u64 = normal.omitted.values().sum();
    let status = fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).expect("a peak");
    let peak_kb: f64 = peak.trim().trim_end_matches("kB").trim().parse().expect("a number");
    let per_second = n_bytes as f64 / 1e6 / took.as_secs_f64();
    println!("{} | {left_out} | {per_second:.0} | {:.0}", kept.sum::<usize>(), peak_kb * 1024.0 / 1e6);
}
