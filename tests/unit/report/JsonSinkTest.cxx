#include "report/JsonSink.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <cerrno>
#include <fcntl.h>

using namespace report;
using namespace std::chrono_literals;

namespace {

// 2026-02-03T04:05:06.000789Z
constexpr WallTime TIME{
    std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(1770091506000789))};
const std::string AT = R"("time":"2026-02-03T04:05:06.000789Z")";

const WorkerEvent WORKER = {{3, 2, 1, 4242}};

const std::vector<ListenerInfo> LISTENERS = {{"web", "::", 8000U, "tcp"},
                                             {"dns", "127.0.0.1", 53U, "udp"},
                                             {"x.sock", "/run/x.sock", std::nullopt, "unix"}};
const std::string LISTENERS_JSON =
    R"([{"name":"web","address":"::","port":8000,"type":"tcp"},)"
    R"({"name":"dns","address":"127.0.0.1","port":53,"type":"udp"},)"
    R"({"name":"x.sock","address":"/run/x.sock","port":null,"type":"unix"}])";

std::string Render(const Event &event) {
    return ToJson(event, TIME);
}

} // namespace

TEST_CASE("setup") {
    CHECK(
        Render(Setup{4, true, {"random", "classic BPF", ""}, LISTENERS}) ==
        R"({"event":"setup",)" + AT +
            R"(,"workers":4,"serving":true,"balance":{"policy":"random","tier":"classic BPF","lacks":null},"listeners":)" +
            LISTENERS_JSON + "}\n");
    CHECK(
        Render(Setup{1, false, {"random", "no listener", "a reason"}, {}}) ==
        R"({"event":"setup",)" + AT +
            R"(,"workers":1,"serving":false,"balance":{"policy":"random","tier":"no listener","lacks":"a reason"},"listeners":[]})"
            "\n");
}

TEST_CASE("fork, online, ready") {
    const std::string worker = R"(,"id":3,"slot":2,"generation":1,"pid":4242)";
    CHECK(Render(Fork{WORKER}) == R"({"event":"fork",)" + AT + worker + "}\n");
    CHECK(Render(Online{WORKER}) == R"({"event":"online",)" + AT + worker + "}\n");
    CHECK(Render(Ready{WORKER, "alive"}) ==
          R"({"event":"ready",)" + AT + worker + R"(,"by":"alive"})" + "\n");
}

TEST_CASE("listening: as Node names it") {
    const std::string worker = R"(,"id":3,"slot":2,"generation":1,"pid":4242)";
    CHECK(Render(Listening{WORKER, "127.0.0.1", 8000, 4, true}) ==
          R"({"event":"listening",)" + AT + worker +
              R"(,"address":"127.0.0.1","port":8000,"addressType":4,"adopted":true})" + "\n");
    CHECK(Render(Listening{WORKER, "::1", 53, "udp6", false}) ==
          R"({"event":"listening",)" + AT + worker +
              R"(,"address":"::1","port":53,"addressType":"udp6","adopted":false})" + "\n");
    CHECK(Render(Listening{WORKER, "/run/x.sock", -1, -1, true}) ==
          R"({"event":"listening",)" + AT + worker +
              R"(,"address":"/run/x.sock","port":-1,"addressType":-1,"adopted":true})" + "\n");
}

TEST_CASE("up") {
    CHECK(Render(Up{4, LISTENERS}) ==
          R"({"event":"up",)" + AT + R"(,"workers":4,"listeners":)" + LISTENERS_JSON + "}\n");
}

TEST_CASE("exit, by status and by signal") {
    const std::string worker = R"(,"id":3,"slot":2,"generation":1,"pid":4242)";
    CHECK(Render(Exit{WORKER, 7, std::nullopt, false}) ==
          R"({"event":"exit",)" + AT + worker +
              R"(,"code":7,"signal":null,"exitedAfterDisconnect":false,"reason":null})" + "\n");
    CHECK(Render(Exit{WORKER, std::nullopt, "SIGKILL", true}) ==
          R"({"event":"exit",)" + AT + worker +
              R"(,"code":null,"signal":"SIGKILL","exitedAfterDisconnect":true,"reason":null})" +
              "\n");
    CHECK(
        Render(Exit{WORKER, std::nullopt, "SIGKILL", false, "it was late", true}) ==
        R"({"event":"exit",)" + AT + worker +
            R"(,"code":null,"signal":"SIGKILL","exitedAfterDisconnect":false,"reason":"it was late","oom":true})" +
            "\n");
}

TEST_CASE("exit, with what is known of the sockets of its slot") {
    CHECK(
        Render(Exit{WORKER,
                    0,
                    std::nullopt,
                    true,
                    std::nullopt,
                    false,
                    {{"web", 12, 3U, 511U}, {"x", std::nullopt, 0U, 1U}, {"u", 7, {}, {}}}}) ==
        R"({"event":"exit",)" + AT +
            R"(,"id":3,"slot":2,"generation":1,"pid":4242,"code":0,"signal":null,"exitedAfterDisconnect":true,"reason":null,)"
            R"("sockets":[{"listener":"web","given":12,"queue":3,"limit":511},)"
            R"({"listener":"x","given":null,"queue":0,"limit":1},)"
            R"({"listener":"u","given":7,"queue":null,"limit":null}]})"
            "\n");
}

TEST_CASE("steering: the seats that get connections, and the others with their reasons") {
    CHECK(Render(Steering{"web", {{0, 1U, ""}, {2, {}, ""}}, {{1, 3U, "not ready"}}}) ==
          R"({"event":"steering",)" + AT +
              R"(,"listener":"web","active":[{"seat":0,"id":1},{"seat":2,"id":null}],)"
              R"("others":[{"seat":1,"id":3,"reason":"not ready"}]})"
              "\n");
}

TEST_CASE("failed: the limit that the slot is over") {
    CHECK(Render(Failed{2, "exit status 1", 5, 30}) ==
          R"({"event":"failed",)" + AT +
              R"(,"slot":2,"reason":"exit status 1","restarts":5,"within":30.0})" + "\n");
}

TEST_CASE("restart: the delay is seconds") {
    CHECK(Render(Restart{2, 1, "exit status 1", 3U, 5}) ==
          R"({"event":"restart",)" + AT +
              R"(,"slot":2,"delay":1.0,"reason":"exit status 1","attempt":3,"limit":5})" + "\n");
    CHECK(Render(Restart{0, 0, "killed by SIGKILL", 1U, 5}) ==
          R"({"event":"restart",)" + AT +
              R"(,"slot":0,"delay":0.0,"reason":"killed by SIGKILL","attempt":1,"limit":5})" +
              "\n");
    CHECK(
        Render(Restart{0, 0.25, "could not be started", std::nullopt, 5}) ==
        R"({"event":"restart",)" + AT +
            R"(,"slot":0,"delay":0.25,"reason":"could not be started","attempt":null,"limit":5})" +
            "\n");
}

TEST_CASE("output: the line as it is, any bytes") {
    const std::string worker = R"(,"id":3,"slot":2,"generation":1,"pid":4242)";
    CHECK(Render(Output{WORKER, "stdout", "plain \tand \xff\x1b[0m \"quoted\" \xc3\xa4"}) ==
          R"({"event":"output",)" + AT + worker + R"(,"stream":"stdout","line":"plain \tand )" +
              "\xef\xbf\xbd" + R"(\u001b[0m \"quoted\" )" + "\xc3\xa4\"}\n");
    CHECK(Render(Output{WORKER, "stderr", ""}) ==
          R"({"event":"output",)" + AT + worker + R"(,"stream":"stderr","line":""})" + "\n");
}

TEST_CASE("lines of workers are added, whatever is kept, and written with the next flush") {
    const unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    JsonSink sink{outlet};
    sink.Emit(Output{WORKER, "stdout", "one"}, TIME);
    sink.Emit(Output{WORKER, "stdout", "two"}, TIME);
    CHECK(pipe.ReadNow().empty());
    sink.Emit(Fork{WORKER}, TIME);
    CHECK(pipe.ReadNow() == Render(Output{WORKER, "stdout", "one"}) +
                                Render(Output{WORKER, "stdout", "two"}) + Render(Fork{WORKER}));
}

TEST_CASE("error, with and without errno and worker") {
    CHECK(Render(Error{"exec", ENOENT, "cannot start", 5U, 1U}) ==
          R"({"event":"error",)" + AT +
              R"(,"stage":"exec","errno":"ENOENT","message":"cannot start","id":5,"slot":1})" +
              "\n");
    CHECK(Render(Error{"boot", 0, "ended", std::nullopt, std::nullopt}) ==
          R"({"event":"error",)" + AT + R"(,"stage":"boot","errno":null,"message":"ended"})" +
              "\n");
}

TEST_CASE("stop, asked for by a signal or by nobody") {
    CHECK(Render(Stop{"signal", "SIGTERM"}) ==
          R"({"event":"stop",)" + AT + R"(,"reason":"signal","signal":"SIGTERM"})" + "\n");
    CHECK(Render(Stop{"boot failure", std::nullopt}) ==
          R"({"event":"stop",)" + AT + R"(,"reason":"boot failure","signal":null})" + "\n");
}

TEST_CASE("the time has six digits behind the point, always") {
    CHECK(ToJson(Up{1, {}}, WallTime{}).find(R"("time":"1970-01-01T00:00:00.000000Z")") !=
          std::string::npos);
    CHECK(ToJson(Up{1, {}}, WallTime{1s - 1us}).find(R"("time":"1970-01-01T00:00:00.999999Z")") !=
          std::string::npos);
}

TEST_CASE("any bytes in a text make a line of valid UTF-8") {
    const std::string line =
        Render(Error{"listen", 0, "a\xff\xfe\"\\\n\x01 \xc3\xa4 \xc3", std::nullopt, std::nullopt});
    CHECK(line == R"({"event":"error",)" + AT + R"(,"stage":"listen","errno":null,"message":"a)" +
                      "\xef\xbf\xbd\xef\xbf\xbd" + R"(\"\\\n\u0001 )" + "\xc3\xa4 \xef\xbf\xbd" +
                      "\"}\n");
}

TEST_CASE("a path that is no UTF-8 in a listener's address") {
    const std::string line = Render(Up{1, {{"x", "/run/\xf0.sock", std::nullopt, "unix"}}});
    CHECK(line.find("/run/\xef\xbf\xbd.sock") != std::string::npos);
}

TEST_CASE("the sink writes a line at once") {
    const unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    JsonSink sink{outlet};
    sink.Emit(Fork{WORKER}, TIME);
    CHECK(pipe.ReadNow() == Render(Fork{WORKER}));
    sink.Say(Level::ERROR, "a sentence for people");
    CHECK(pipe.ReadNow().empty());
}

TEST_CASE("what had to be dropped is counted, said once, and lines stay whole") {
    const unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    JsonSink sink{outlet};
    const Error large = {"x", 0, std::string(100'000, 'm'), std::nullopt, std::nullopt};
    const std::string line = Render(large);
    // What fits into the pipe (64 KiB) and behind it (1 MiB); the rest is lost.
    constexpr int COUNT = 20;
    for (int i = 0; i < COUNT; i++)
        sink.Emit(large, TIME);
    std::string all = pipe.ReadNow();
    for (int i = 0; i < 100; i++) {
        sink.Finish(); // writes on
        const std::string more = pipe.ReadNow();
        if (more.empty())
            break;
        all += more;
    }
    // As soon as there is room, the count; here Finish() finds it.
    const auto counted = all.find(R"({"event":"dropped",)");
    REQUIRE(counted != std::string::npos);
    const std::string last = all.substr(counted);
    all.resize(counted);
    REQUIRE(all.size() % line.size() == 0);
    const std::size_t kept = all.size() / line.size();
    CHECK(kept >= 10);
    CHECK(kept < COUNT);
    for (std::size_t i = 0; i < kept; i++)
        REQUIRE(std::string_view(all).substr(i * line.size(), line.size()) == line);
    CHECK(last.ends_with(R"(,"count":)" + std::to_string(COUNT - kept) + "}\n"));

    sink.Emit(Fork{WORKER}, TIME);
    CHECK(pipe.ReadNow() == Render(Fork{WORKER}));
}

TEST_CASE("the count comes before the next event, where that finds room first") {
    const unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    JsonSink sink{outlet};
    const std::string message(700'000, 'm');
    for (int i = 0; i < 3; i++)
        sink.Emit(Error{"x", 0, message, std::nullopt, std::nullopt}, TIME);
    std::string all;
    for (int i = 0; i < 50; i++) {
        all += pipe.ReadNow();
        sink.Emit(Fork{WORKER}, TIME); // writes on; comes after what is kept
    }
    const auto counted = all.find(R"({"event":"dropped",)" + AT + R"(,"count":)");
    REQUIRE(counted != std::string::npos);
    CHECK(all.find(R"({"event":"dropped",)", counted + 1) == std::string::npos);
    CHECK(all.find(R"({"event":"fork",)") != std::string::npos);
}

TEST_CASE("people are told once that events are dropped, and anew when that happens again") {
    const unit::Pipe pipe;
    Outlet outlet{sys::Fd(pipe.writer)};
    JsonSink sink{outlet};
    const Error large = {"x", 0, std::string(700'000, 'm'), std::nullopt, std::nullopt};
    for (int round = 0; round < 2; round++) {
        CHECK_FALSE(sink.TakeComplaint());
        for (int i = 0; i < 3; i++)
            sink.Emit(large, TIME);
        CHECK(sink.TakeComplaint() == "nobody reads the events: they are dropped");
        CHECK_FALSE(sink.TakeComplaint());
        while (!pipe.ReadNow().empty())
            sink.Finish();
    }
}

TEST_CASE("a full disk: told once, and the count stays until there is room") {
    const sys::UniqueFd full(sys::AdoptTag(), open("/dev/full", O_WRONLY | O_CLOEXEC));
    REQUIRE(full.IsDefined());
    Outlet outlet{sys::Fd(full)};
    JsonSink sink{outlet};
    for (int i = 0; i < 3; i++)
        sink.Emit(Fork{WORKER}, TIME);
    CHECK(sink.TakeComplaint() ==
          "cannot write the events: No space left on device: they are dropped");
    sink.Emit(Fork{WORKER}, TIME);
    CHECK_FALSE(sink.TakeComplaint());
    CHECK(outlet.TakeDropped() == 4);
}
