#include "report/TextSink.hxx"
#include "report/WorkerName.hxx"
#include "sys/Error.hxx"
#include "util/Text.hxx"

#include <fmt/format.h>

#include <iterator>

namespace report {

namespace {

std::string Place(const std::string &address, std::optional<unsigned> port) {
    const bool v6 = port && address.find(':') != std::string::npos;
    return fmt::format("{}{}{}{}", v6 ? "[" : "", address, v6 ? "]" : "",
                       port ? fmt::format(":{}", *port) : "");
}

std::string Describe(const std::vector<ListenerInfo> &listeners) {
    std::string text;
    for (const ListenerInfo &listener : listeners) {
        text.append(text.empty() ? "" : ", ").append(Place(listener.address, listener.port));
        if (listener.type == "udp")
            text += " (udp)";
    }
    return text;
}

std::string Describe(const BalanceInfo &balance) {
    return balance.lacks.empty()
               ? fmt::format("{}: {}", balance.policy, balance.tier)
               : fmt::format("{}: {}; {}", balance.policy, balance.tier, balance.lacks);
}

/** A sentence and its level; one overload per event, so a new event does not compile without one,
 *  or without silence (nullopt). */
struct Sentence {
    Level level;
    std::string text;
};

Sentence Render(const Setup &setup) {
    std::string text =
        fmt::format("starting {} worker{}", setup.workers, setup.workers == 1 ? "" : "s");
    if (!setup.listeners.empty())
        text +=
            fmt::format(" on {} (balance {})", Describe(setup.listeners), Describe(setup.balance));
    return {Level::INFO, text};
}

Sentence Render(const Balance &event) {
    return {Level::INFO, fmt::format("{}: balance {}", event.address, Describe(event.balance))};
}

/** The first few of them. */
std::string Describe(const std::vector<SeatInfo> &seats) {
    constexpr std::size_t MOST = 16;
    std::string text;
    for (std::size_t i = 0; i < seats.size() && i < MOST; i++) {
        const SeatInfo &seat = seats[i];
        text += text.empty() ? "" : ", ";
        text += seat.id ? fmt::format("worker {}", *seat.id) : fmt::format("seat {}", seat.seat);
        if (!seat.reason.empty())
            text.append(" (").append(seat.reason).append(")");
    }
    return seats.size() <= MOST ? text : fmt::format("{} and {} more", text, seats.size() - MOST);
}

Sentence Render(const Steering &steering) {
    return {Level::DEBUG,
            fmt::format("listener {}: connections go to {}{}{}", util::Quote(steering.listener),
                        Describe(steering.active), steering.others.empty() ? "" : ", not to ",
                        Describe(steering.others))};
}

Sentence Render(const Fork &fork) {
    return {Level::DEBUG, fmt::format("{} was forked", NameWithPid(fork.worker))};
}

Sentence Render(const Online &online) {
    return {Level::INFO, fmt::format("{} started", NameWithPid(online.worker))};
}

Sentence Render(const Listening &listening) {
    return {Level::DEBUG,
            fmt::format("{} listens on {}{}", NameWithPid(listening.worker),
                        Place(listening.address, listening.port < 0
                                                     ? std::nullopt
                                                     : std::optional<unsigned>(listening.port)),
                        listening.adopted ? ", which it has bound by itself" : "")};
}

Sentence Render(const Ready &ready) {
    return {Level::DEBUG, fmt::format("{} is ready ({})", NameWithPid(ready.worker), ready.by)};
}

Sentence Render(const Up &up) {
    return {Level::INFO, fmt::format("up: {} worker{}{}{}", up.workers, up.workers == 1 ? "" : "s",
                                     up.listeners.empty() ? "" : " on ", Describe(up.listeners))};
}

Sentence Render(const Exit &exit) {
    const bool clean = exit.code == 0 || exit.exited_after_disconnect;
    std::string how = exit.signal ? fmt::format("was killed by {}", *exit.signal)
                                  : fmt::format("exited with status {}", exit.code.value_or(0));
    if (exit.oom)
        how += ", out of memory";
    if (exit.reason)
        how += fmt::format(", as {}", *exit.reason);
    // That a worker had to be killed is worth knowing, although its end was asked for.
    return {clean && !exit.reason ? Level::INFO : Level::WARN,
            fmt::format("{} {}", NameWithPid(exit.worker), how)};
}

Sentence Render(const Restart &restart) {
    const std::string when = restart.delay == 0 ? "now" : fmt::format("in {} s", restart.delay);
    const std::string which =
        restart.attempt ? fmt::format("{} of {}", *restart.attempt, restart.limit) : "has failed";
    return {Level::INFO, fmt::format("slot {} gets a new worker {}: {} ({})", restart.slot, when,
                                     restart.reason, which)};
}

Sentence Render(const Failed &failed) {
    return {Level::WARN,
            fmt::format("slot {} has failed: it needed more than {} new workers in {} s ({})",
                        failed.slot, failed.restarts, failed.within, failed.reason)};
}

Sentence Render(const Error &error) {
    return {Level::ERROR, error.message};
}

std::nullopt_t Render(const Output &) {
    return std::nullopt;
}

Sentence Render(const Stop &stop) {
    return {Level::INFO, fmt::format("stopping: {}{}{}", stop.reason, stop.signal ? " " : "",
                                     stop.signal.value_or(""))};
}

Sentence Render(const Dropped &dropped) {
    return {Level::WARN, fmt::format("{} events were lost", dropped.count)};
}

} // namespace

void TextSink::Emit(const Event &event, WallTime) noexcept {
    if (level == Level::ERROR && !std::holds_alternative<Error>(event))
        return;
    std::optional<Sentence> rendered =
        std::visit([](const auto &fact) -> std::optional<Sentence> { return Render(fact); }, event);
    if (!rendered)
        return;
    Sentence &sentence = *rendered;
    if (const auto *setup = std::get_if<Setup>(&event)) {
        one_job = !setup->serving && setup->workers == 1;
        if (begun)
            return BeginServing(*setup);
        begun = true;
        held = std::move(sentence.text);
        return;
    }
    if ((std::holds_alternative<Online>(event) || std::holds_alternative<Balance>(event)) && held) {
        Say(Level::INFO, *held);
        held.reset();
    }
    if (const auto *exit = std::get_if<Exit>(&event); exit != nullptr && one_job && !exit->signal)
        sentence.level = Level::INFO;
    Say(sentence.level, sentence.text);
}

/** Jobs have turned out to be servers. */
void TextSink::BeginServing(const Setup &setup) noexcept {
    level = serving_level;
    Say(Level::INFO, fmt::format("serving {} from now on (balance {})", Describe(setup.listeners),
                                 Describe(setup.balance)));
}

/** The one place from which sentences go out, so the one place that escapes: they hold paths and
 *  names that workers chose. */
void TextSink::Say(Level said, std::string_view sentence) noexcept {
    if (said > level)
        return;
    outlet.Flush();
    if (outlet.HasRoom())
        if (const auto dropped = outlet.TakeDropped(); dropped != 0)
            Write(Level::WARN, fmt::format("{} lines of this log were lost", dropped));
    Write(said, util::Printable(sentence));
}

void TextSink::Write(Level said, std::string_view sentence) noexcept {
    outlet.Write(fmt::format("{}clusterize: {}\n", marking ? PriorityMark(said) : "", sentence));
}

} // namespace report
