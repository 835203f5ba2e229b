#include "containers/Container.hxx"
#include "process/Support.hxx"

#include <charconv>
#include <sstream>
#include <stdexcept>

namespace containers {

namespace {

std::string NewName() {
    static unsigned count = 0;
    return "c" + std::to_string(++count);
}

int Number(const std::string &text) {
    int value = -1;
    const auto *end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ptr != end)
        throw std::runtime_error("not a number: " + text);
    return value;
}

} // namespace

Container::Container(const Image &image) : name(NewName()) {
    auto &runtime = Runtime::Instance();
    auto options = image.options;
    options.insert(options.end(),
                   {"--detach", "--name", name, "--log-opt", "path=" + runtime.Path(name + ".log"),
                    "--pidfile", runtime.Path(name + ".pid")});
    const auto result = runtime.Run(std::move(options), image.name, image.command);
    if (result.ended != Exited(0))
        throw std::runtime_error("podman run: " + result.err);
}

Container::~Container() {
    try {
        if (std::uncaught_exceptions() > 0)
            MESSAGE(Log());
        (void)Runtime::Instance().Ask({"rm", "--force", "--time", "0", name});
    } catch (...) { // the runtime's end takes it along
    }
}

// A line of the file: "TIME STREAM F|P TEXT"; P is a part, whose line goes on.
std::string Container::Log() const {
    std::istringstream file(ReadFile(Runtime::Instance().Path(name + ".log")));
    std::string text;
    for (std::string time, stream, part, line; file >> time >> stream >> part;) {
        file.get();
        if (!std::getline(file, line))
            break;
        text += line;
        if (part == "F")
            text += '\n';
    }
    return text;
}

void Container::WaitLog(const std::string &text) const {
    WaitLog(text, 1);
}

void Container::WaitLog(const std::string &text, size_t count) const {
    bool running = true;
    const bool found = WaitFor([&] {
        if (process::Count(Log(), text) >= count)
            return true;
        if (!running)
            throw std::runtime_error("the container ended without \"" + text + "\"\n" + Log());
        running = IsRunning();
        if (!running)
            (void)Wait(); // its log is whole then
        return false;
    });
    if (!found)
        throw std::runtime_error("the log never had \"" + text + "\"\n" + Log());
}

pid_t Container::Pid() const {
    return Number(ReadFile(Runtime::Instance().Path(name + ".pid")));
}

bool Container::IsRunning() const {
    return Alive(Pid());
}

void Container::Inside(const std::function<void()> &body) const {
    process::InNetworkOf(Pid(), body);
}

std::map<std::string, unsigned> Container::Shares(unsigned port, unsigned count) const {
    std::map<std::string, unsigned> shares;
    Inside([&] { shares = process::Shares("127.0.0.1:" + std::to_string(port), count); });
    return shares;
}

void Container::Signal(const std::string &signal) const {
    (void)Runtime::Instance().Ask({"kill", "--signal", signal, name});
}

int Container::Stop() const {
    (void)Runtime::Instance().Ask({"stop", name});
    return Wait();
}

int Container::Wait() const {
    return Number(Runtime::Instance().Ask({"wait", name}));
}

Result Container::Exec(std::vector<std::string> options,
                       const std::vector<std::string> &command) const {
    std::vector<std::string> words{"exec"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(name);
    words.insert(words.end(), command.begin(), command.end());
    return harness::Run(Runtime::Instance().Podman(std::move(words)));
}

} // namespace containers
