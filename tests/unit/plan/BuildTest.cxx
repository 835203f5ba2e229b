#include "net/ListenerKinds.hxx"
#include "plan/Plan.hxx"
#include "sys/Accounts.hxx"
#include "util/UserError.hxx"

#include <doctest/doctest.h>

#include <csignal>

using namespace plan;
using namespace std::chrono_literals;

namespace {

Options Command(std::initializer_list<const char *> listeners = {}) {
    const sys::Accounts accounts;
    Options options;
    options.command = {"server", "x"};
    for (const char *text : listeners) {
        const auto specs = net::ParseListener(text, {accounts, nullptr, ""});
        options.listeners.insert(options.listeners.end(), specs.begin(), specs.end());
    }
    return options;
}

Plan Make(Options options, Surroundings surroundings = {}) {
    return Build(std::move(options), std::move(surroundings));
}

template <typename Call> std::string Message(Call call) {
    try {
        call();
    } catch (const util::UserError &error) {
        return error.what();
    }
    return "taken";
}

} // namespace

TEST_CASE("jobs: what is there when nothing was said") {
    const Plan plan = Make(Command());
    CHECK(plan.pool.slots == 1);
    CHECK_FALSE(plan.pool.serving);
    CHECK(plan.pool.stop.signo == SIGTERM);
    CHECK(plan.pool.stop.timeout == 8s);
    CHECK(plan.pool.stop.delay == 0s);
    CHECK(plan.log_level == report::Level::WARN);
    CHECK(plan.serving_log_level == report::Level::INFO);
    CHECK(plan.policy == &balance::POLICIES[0]);
    CHECK_FALSE(plan.events);
    CHECK(plan.warnings.empty());
    const pool::WorkerSpec &worker = *plan.pool.worker;
    CHECK(worker.command == std::vector<std::string>{"server", "x"});
    CHECK_FALSE(worker.null_stdin);
    CHECK_FALSE(worker.expand_arguments);
    CHECK(worker.own_group);
    CHECK(worker.cpus.empty());
    CHECK_FALSE(worker.ids.uid);
    CHECK_FALSE(worker.ids.gid);
    CHECK_FALSE(worker.ids.groups);
    CHECK(worker.contracts == contract::ParseContracts("auto"));
}

TEST_CASE("a port makes it serve, with auto workers") {
    const Plan plan = Make(Command({"8000"}));
    CHECK(plan.pool.serving);
    CHECK(plan.pool.slots == AutoWorkers());
    CHECK(plan.log_level == report::Level::INFO);
    REQUIRE(plan.listeners.size() == 1);
    CHECK(plan.listeners[0].backlog > 0);
    CHECK_FALSE(plan.listeners[0].nonblocking);
}

TEST_CASE("--jobs with a port: it does not serve") {
    Options options = Command({"8000"});
    options.jobs = true;
    const Plan plan = Make(std::move(options));
    CHECK_FALSE(plan.pool.serving);
    CHECK(plan.log_level == report::Level::WARN);
    CHECK(plan.listeners.size() == 1);
}

TEST_CASE("--restart makes it serve, unless it says no; --jobs contradicts it") {
    using pool::RestartWhen;
    const auto with = [](RestartWhen when, Options options) {
        options.restart = when;
        options.restart_source = "--restart";
        return Make(std::move(options));
    };
    Options jobs = Command({"8000"});
    jobs.jobs = true;
    jobs.jobs_source = "CLUSTERIZE_JOBS";
    CHECK(Make(Command()).pool.restart.when == RestartWhen::ALWAYS); // once it serves
    CHECK(Make(Command({"8000"})).pool.restart.when == RestartWhen::ALWAYS);
    CHECK_FALSE(Make(jobs).pool.serving);
    for (const RestartWhen when : {RestartWhen::ALWAYS, RestartWhen::ON_FAILURE}) {
        CHECK(with(when, Command()).pool.serving);
        CHECK(with(when, Command()).pool.slots == 1);
        CHECK(with(when, Command()).pool.restart.when == when);
        CHECK(Message([&] {
                  with(when, jobs);
              }).starts_with("CLUSTERIZE_JOBS and --restart contradict each other"));
    }
    CHECK_FALSE(with(RestartWhen::NO, Command()).pool.serving);
    CHECK(with(RestartWhen::NO, Command({"8000"})).pool.serving);
    CHECK(with(RestartWhen::NO, Command({"8000"})).pool.restart.when == RestartWhen::NO);
    CHECK_FALSE(with(RestartWhen::NO, jobs).pool.serving);
}

TEST_CASE("--ready makes it serve; --jobs contradicts it") {
    const auto with = [](const char *rule, Options options) {
        options.ready = pool::ParseReady(rule);
        options.ready_source = "CLUSTERIZE_READY";
        return Make(std::move(options));
    };
    Options jobs = Command();
    jobs.jobs = true;
    jobs.jobs_source = "--jobs";
    for (const char *rule : {"auto", "listen", "notify", "exec", "2s"}) {
        const Plan plan = with(rule, Command());
        CHECK(plan.pool.serving);
        CHECK(plan.pool.slots == 1);
        CHECK(plan.pool.restart.when == pool::RestartWhen::ALWAYS);
        CHECK(plan.pool.ready.timeout == 60s);
        CHECK(plan.warnings.empty());
        CHECK(Message([&] {
                  with(rule, jobs);
              }).starts_with("--jobs and CLUSTERIZE_READY contradict each other"));
    }
    CHECK(with("2s", Command()).pool.ready.alive == 2s);
    CHECK(Make(Command({"8000"})).pool.ready.by == pool::ReadyBy::AUTO);
    Options timeout = Command();
    timeout.ready_timeout = 3s;
    CHECK_FALSE(Make(timeout).pool.serving);
    CHECK(with("notify", timeout).pool.ready.timeout == 3s);
    CHECK(with("notify", timeout).warnings.empty());
    CHECK(with("auto", timeout).warnings.size() == 1); // nobody is alive for 3 s in that time
}

TEST_CASE("who has a NOTIFY_SOCKET: serving, and told of it by contract or rule") {
    const auto notify = [](std::string_view contracts, const char *rule, bool jobs = false) {
        Options options = Command({"8000"});
        options.contracts = contract::ParseContracts(contracts);
        if (rule != nullptr)
            options.ready = pool::ParseReady(rule);
        options.jobs = jobs;
        return Make(std::move(options)).notify;
    };
    CHECK(Make(Command({"8000"})).notify);
    CHECK(notify("auto", nullptr));
    CHECK(notify("systemd", "exec"));
    CHECK_FALSE(notify("none", nullptr));
    CHECK_FALSE(notify("port,einhorn", "2s"));
    CHECK(notify("none", "notify"));
    CHECK_FALSE(notify("auto", nullptr, true));
    CHECK_FALSE(Make(Command()).notify);
}

TEST_CASE("whoever started it is told about a serving cluster") {
    const auto told = [](Options options, const char *socket) {
        Surroundings surroundings;
        surroundings.notify_socket = socket;
        return Make(std::move(options), std::move(surroundings));
    };
    CHECK(told(Command({"8000"}), "/run/systemd/notify").service_manager);
    CHECK(told(Command({"8000"}), "@x").service_manager);
    CHECK(told(Command(), "@x").service_manager); // once they serve
    CHECK(told(Command(), "vsock:2:1234").warnings.empty());
    Options jobs = Command();
    jobs.jobs = true;
    CHECK_FALSE(told(jobs, "@x").service_manager);
    CHECK_FALSE(Make(Command({"8000"})).service_manager);
    CHECK(told(Command({"8000"}), "").warnings.empty());
    const Plan odd = told(Command({"8000"}), "vsock:2:1234");
    CHECK_FALSE(odd.service_manager);
    REQUIRE(odd.warnings.size() == 1);
    CHECK(odd.warnings[0].find("vsock:2:1234") != std::string::npos);
}

TEST_CASE("the limit of restarts, statuses that count as success, one that ends all") {
    const Plan plain = Make(Command({"8000"}));
    CHECK(plain.pool.restart.most == 5);
    CHECK(plain.pool.restart.within == 30s);
    CHECK(plain.pool.restart.exit_ok.empty());
    CHECK_FALSE(plain.pool.kill_others_on_fail);
    Options options = Command({"8000"});
    options.max_restarts = {2, 1min};
    options.exit_ok = {3, 143};
    options.kill_others_on_fail = true;
    const Plan plan = Make(std::move(options));
    CHECK(plan.pool.restart.most == 2);
    CHECK(plan.pool.restart.within == 1min);
    CHECK(plan.pool.restart.exit_ok == std::vector<int>{3, 143});
    CHECK(plan.pool.kill_others_on_fail);
}

TEST_CASE("what was said goes through") {
    Options options = Command({"8000", "8001"});
    options.workers = ParseWorkerCount("3");
    options.stop_signal = SIGINT;
    options.stop_timeout = 2s;
    options.stop_delay = 1s;
    options.backlog = 17;
    options.policy = &balance::POLICIES[2];
    options.log_level = report::Level::DEBUG;
    options.cpus = {1, 2};
    options.expand = true;
    options.directory = "/srv";
    const Plan plan = Make(std::move(options));
    CHECK(plan.pool.slots == 3);
    CHECK(plan.pool.stop.signo == SIGINT);
    CHECK(plan.pool.stop.timeout == 2s);
    CHECK(plan.pool.stop.delay == 1s);
    CHECK(plan.listeners[1].backlog == 17);
    CHECK(plan.policy == &balance::POLICIES[2]);
    CHECK(plan.log_level == report::Level::DEBUG);
    CHECK(plan.serving_log_level == report::Level::DEBUG);
    CHECK(plan.pool.worker->cpus == std::vector<unsigned>{1, 2});
    CHECK(plan.pool.worker->expand_arguments);
    CHECK(plan.pool.worker->directory == "/srv");
}

TEST_CASE("a delay that is not shorter than the timeout is warned of") {
    Options options = Command();
    options.stop_delay = 7999ms;
    CHECK(Make(options).warnings.empty());
    options.stop_delay = 8s;
    const Plan plan = Make(options);
    CHECK(plan.pool.stop.delay == 8s);
    CHECK(plan.warnings == std::vector<std::string>{
                               "--stop-delay is not shorter than --stop-timeout: workers will be "
                               "killed without a stop signal"});
    options.stop_delay = 0s;
    options.stop_timeout = 0s;
    CHECK(Make(options).warnings.empty());
}

TEST_CASE("the stop signal comes from command or contract, not from the listener") {
    Options options = Command({"8000"});
    options.command = {"/usr/sbin/nginx"};
    CHECK(Make(options).pool.stop.signo == SIGQUIT);
    options.command = {"ruby"};
    options.contracts = contract::ParseContracts("einhorn");
    CHECK(Make(options).pool.stop.signo == SIGUSR2);
}

TEST_CASE("nginx's contract makes the sockets non-blocking") {
    Options options = Command({"8000", "unix:/run/x"});
    options.contracts = contract::ParseContracts("systemd,nginx");
    const Plan plan = Make(std::move(options));
    CHECK(plan.listeners[0].nonblocking);
    CHECK(plan.listeners[1].nonblocking);
}

TEST_CASE("NODE_CLUSTER_SCHED_POLICY is the policy where --balance is absent, and stays") {
    const auto with = [](Options options, const char *value) {
        Surroundings surroundings;
        surroundings.environment.Set("NODE_CLUSTER_SCHED_POLICY", value);
        return Make(std::move(options), std::move(surroundings));
    };
    const Plan none = with(Command({"8000"}), "none");
    CHECK(none.policy->name == "none");
    CHECK(none.warnings.empty());
    CHECK(none.pool.worker->environment.Find("NODE_CLUSTER_SCHED_POLICY") == "none");
    CHECK(with(Command({"8000"}), "rr").policy->name == "rr");
    CHECK(with(Command({"8000"}), "").warnings.empty());

    const Plan odd = with(Command({"8000"}), "random");
    CHECK(odd.policy->name == "rr");
    CHECK(odd.warnings == std::vector<std::string>{
                              "NODE_CLUSTER_SCHED_POLICY=random: neither rr nor none, ignored"});

    Options said = Command({"8000"});
    said.policy = &balance::POLICIES[1];
    CHECK(with(std::move(said), "none").policy->name == "random");
}

TEST_CASE("WEB_CONCURRENCY counts where a port was asked for and nothing else was said, and is "
          "removed then") {
    const auto with = [](Options options, const char *value) {
        Surroundings surroundings;
        surroundings.environment.Set("WEB_CONCURRENCY", value);
        surroundings.web_concurrency = value;
        return Make(std::move(options), std::move(surroundings));
    };
    const Plan serving = with(Command({"8000"}), "5");
    CHECK(serving.pool.slots == 5);
    CHECK_FALSE(serving.pool.worker->environment.Find("WEB_CONCURRENCY"));

    const Plan jobs = with(Command(), "5");
    CHECK(jobs.pool.slots == 1);
    CHECK(jobs.pool.worker->environment.Find("WEB_CONCURRENCY") == "5");

    Options said = Command({"8000"});
    said.workers = ParseWorkerCount("2");
    const Plan named = with(std::move(said), "nonsense");
    CHECK(named.pool.slots == 2);
    CHECK(named.pool.worker->environment.Find("WEB_CONCURRENCY") == "nonsense");

    CHECK(with(Command({"8000"}), "auto").pool.slots == AutoWorkers());
    CHECK(with(Command({"8000"}), "0").pool.slots == 1);
    CHECK(Message([&] { with(Command({"8000"}), "two"); }) ==
          "WEB_CONCURRENCY=two: not a number of workers up to 4096, or auto");
}

TEST_CASE(
    "standard input: inherited by one worker, null for more, unless it was said or is served") {
    const auto null_stdin = [](const char *workers, std::optional<bool> said,
                               std::initializer_list<const char *> listeners = {}) {
        Options options = Command(listeners);
        options.workers = ParseWorkerCount(workers);
        options.null_stdin = said;
        return Make(std::move(options)).pool.worker->null_stdin;
    };
    CHECK_FALSE(null_stdin("1", std::nullopt));
    CHECK(null_stdin("2", std::nullopt));
    CHECK(null_stdin("1", true));
    CHECK_FALSE(null_stdin("2", false));
    CHECK(null_stdin("1", std::nullopt, {"fd:0"}));
    CHECK(null_stdin("1", false, {"fd:0"}));
}

TEST_CASE("output: events need a place, and the environment may be against colour") {
    const auto with = [](const char *text, bool events, std::vector<const char *> environment) {
        Options options = Command({});
        options.workers = ParseWorkerCount("3");
        options.output = output::ParseOutput(text);
        options.output.source = "--output";
        if (events)
            options.events = {"--events", "-"};
        environment.push_back(nullptr);
        Surroundings surroundings;
        surroundings.environment = spawn::Environment(environment.data());
        return Build(std::move(options), std::move(surroundings)).output;
    };
    CHECK(with("prefix", false, {"TERM=xterm"}).colour);
    CHECK(with("prefix", false, {"TERM=xterm"}).workers == 3);
    CHECK_FALSE(with("prefix", false, {"TERM=xterm", "NO_COLOR=1"}).colour);
    CHECK_FALSE(with("file", false, {"TERM=xterm"}).colour);
    CHECK(with("events", true, {}).mode == output::Mode::EVENTS);
    CHECK_THROWS_WITH_AS(with("events", false, {}),
                         "--output events: needs --events, which says where they go",
                         util::UserError);
}

TEST_CASE(
    "sockets that were handed over: taken without -p and -l, left with a warning beside them") {
    const auto with = [](Options options) {
        Surroundings surroundings;
        surroundings.activation = net::Activation{{"web", "admin"}};
        return Make(std::move(options), std::move(surroundings));
    };
    const Plan taken = with(Command());
    REQUIRE(taken.listeners.size() == 2);
    CHECK(taken.listeners[1].name == "admin");
    CHECK(taken.listeners[1].descriptor == 4);
    CHECK(taken.pool.serving);
    CHECK(taken.warnings.empty());

    const Plan beside = with(Command({"8000"}));
    CHECK(beside.listeners.size() == 1);
    CHECK(beside.warnings ==
          std::vector<std::string>{
              "LISTEN_FDS hands over 2 sockets that no -l systemd asks for: not served"});
    CHECK(with(Command({"fd:3"})).warnings.empty());
}

TEST_CASE("one descriptor for two listeners is refused") {
    CHECK(Message([] {
              Make(Command({"fd:7", "8000", "x=fd:7"}));
          }) == "descriptor 7 is asked for twice: 'fd:7' and 'x=fd:7'");
    CHECK(Message([] { Make(Command({"fd:7", "fd:8"})); }) == "taken");
}

TEST_CASE("ids: --group alone is the only group, --user brings its own") {
    Options options = Command();
    options.group = 33;
    const auto group = Make(options).pool.worker->ids;
    CHECK_FALSE(group.uid);
    CHECK(group.gid == 33U);
    CHECK(group.groups == std::vector<gid_t>{33});

    options.user = {1000U, 1001U, std::vector<gid_t>{1001, 29}};
    const auto both = Make(options).pool.worker->ids;
    CHECK(both.uid == 1000U);
    CHECK(both.gid == 33U);
    REQUIRE(both.groups);
    CHECK(*both.groups == std::vector<gid_t>{33, 29});

    options.group.reset();
    CHECK(Make(options).pool.worker->ids.gid == 1001U);
}

TEST_CASE("what the launcher was started in goes to the workers") {
    Surroundings surroundings;
    surroundings.environment.Set("A", "1");
    surroundings.descriptor_limit = {11, 22};
    surroundings.has_terminal = true;
    const Plan plan = Make(Command(), std::move(surroundings));
    CHECK(plan.pool.worker->environment.Find("A") == "1");
    CHECK(plan.pool.worker->descriptor_limit.rlim_cur == 11);
    CHECK(plan.pool.worker->descriptor_limit.rlim_max == 22);
    CHECK_FALSE(plan.pool.worker->own_group);
    CHECK_FALSE(plan.pool.worker->signal_group);
    CHECK_FALSE(plan.die_with_parent);
}

TEST_CASE("--signal-group: groups of their own also with a terminal; --die-with-parent") {
    Surroundings surroundings;
    surroundings.has_terminal = true;
    Options options = Command();
    options.signal_group = true;
    options.die_with_parent = true;
    const Plan plan = Make(std::move(options), std::move(surroundings));
    CHECK(plan.pool.worker->own_group);
    CHECK(plan.pool.worker->signal_group);
    CHECK(plan.die_with_parent);
}

TEST_CASE("each launcher has a mark of its own") {
    const std::string one = Make(Command()).pool.worker->run,
                      other = Make(Command()).pool.worker->run;
    CHECK(one.size() == 16);
    CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(one != other);
}
