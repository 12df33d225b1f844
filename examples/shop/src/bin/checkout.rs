fn main() -> std::process::ExitCode {
    shop::run(shop::Service::Checkout)
}
