#include "Binders.hxx"

#include <system_error>

namespace process {

namespace {

Setup MakeSetup(std::vector<std::string> options, std::vector<std::string> steps, Start start,
                unsigned workers) {
    Setup setup{.options = {"-n", std::to_string(workers)},
                .command = {Reachable(Program("binder"))},
                .start = std::move(start)};
    setup.options.insert(setup.options.end(), options.begin(), options.end());
    setup.command.insert(setup.command.end(), steps.begin(), steps.end());
    return setup;
}

} // namespace

Binders::Binders(std::vector<std::string> options, std::vector<std::string> steps, Start start,
                 unsigned workers_)
    : Cluster(MakeSetup(std::move(options), std::move(steps), std::move(start), workers_)),
      workers(workers_) {}

std::map<std::string, Said> Binders::Of(unsigned step) {
    std::map<std::string, Said> said;
    const bool all = WaitFor([&] {
        for (const auto &line : Lines(Out())) {
            auto fields = Fields(line);
            if (fields["step"] == std::to_string(step))
                said[fields["slot"]] = fields;
        }
        return said.size() == workers || HasEnded();
    });
    if (!all || said.size() != workers)
        throw std::runtime_error("not all workers did step " + std::to_string(step) + "\n" +
                                 Describe());
    return said;
}

std::string Binders::Same(unsigned step, const std::string &field) {
    std::set<std::string> values;
    for (auto &entry : Of(step))
        values.insert(entry.second[field]);
    if (values.size() == 1)
        return *values.begin();
    std::string text;
    for (const auto &value : values)
        text += (text.empty() ? "" : " | ") + value;
    return text;
}

void Binders::WaitServing() {
    if (!WaitFor([&] { return Count(Out(), "serving ") >= workers || HasEnded(); }) || HasEnded())
        throw std::runtime_error("not all workers serve\n" + Describe());
}

Event Binders::WaitListening(bool adopted) {
    Event last;
    for (unsigned id = 1; id <= workers; ++id)
        last = WaitEvent("listening", [&](const Event &event) {
            return event.Number("id") == id && event.Flag("adopted") == adopted;
        });
    return last;
}

bool Binders::AllAnswer(const std::string &address) const {
    std::set<std::string> slots;
    return WaitFor([&] {
        slots.insert(Field(Ask(address, "who"), "slot"));
        return slots.size() == workers;
    });
}

std::string Local(unsigned port) {
    return "127.0.0.1:" + std::to_string(port);
}

bool Answers(const std::string &address) {
    try {
        return !Ask(address, "who").empty();
    } catch (const std::system_error &) {
        return false;
    }
}

} // namespace process
