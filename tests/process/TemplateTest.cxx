// {fd}, {port}, {slot} and the like in --env values, and with --expand in arguments.

#include "Support.hxx"

#include <csignal>

using namespace process;

TEST_CASE("--env sets, replaces and expands") {
    Cluster cluster({.options = {"-n",    "2",
                                 "-l",    "web=127.0.0.1:0",
                                 "-l",    "admin=127.0.0.1:0",
                                 "--env", "ID={id}",
                                 "--env", "SLOT={slot}",
                                 "--env", "N={workers}",
                                 "--env", "FD={fd}",
                                 "--env", "WEB={fd:web}",
                                 "--env", "ADMIN={fd:admin}",
                                 "--env", "PORT_IS={port}",
                                 "--env", "DEBUG={9230+slot}",
                                 "--env", "NEXT={100+id}",
                                 "--env", "KEEP={unknown} {} {",
                                 "--env", "MIX=a{slot}b{slot}",
                                 "--env", "EMPTY=",
                                 "--env", "TWO=1=2",
                                 "--env", "REPLACED=new"},
                     .command = {EchoServer()},
                     .start = {.env = {{"REPLACED", "old"}}}});
    auto first = Environment(cluster.WaitOnline(1));
    auto second = Environment(cluster.WaitOnline(2));
    CHECK(first["ID"] == "1");
    CHECK(second["ID"] == "2");
    CHECK(first["SLOT"] == "0");
    CHECK(second["SLOT"] == "1");
    CHECK(second["N"] == "2");
    CHECK(second["FD"] == "3");
    CHECK(second["WEB"] == "3");
    CHECK(second["ADMIN"] == "4");
    CHECK(second["PORT_IS"] == std::to_string(cluster.Port(0)));
    CHECK(first["DEBUG"] == "9230");
    CHECK(second["DEBUG"] == "9231");
    CHECK(second["NEXT"] == "102");
    CHECK(second["KEEP"] == "{unknown} {} {");
    CHECK(second["MIX"] == "a1b1");
    CHECK(second.contains("EMPTY"));
    CHECK(second["EMPTY"] == "");
    CHECK(second["TWO"] == "1=2");
    CHECK(second["REPLACED"] == "new");
    CHECK(StopServers(cluster) == Exited(0));
}

TEST_CASE("arguments are expanded with --expand only") {
    const std::vector<std::string> command{EchoServer(), "{slot}", "--port={port}", "{9000+slot}",
                                           "{x}"};
    {
        Cluster cluster(
            {.options = {"-n", "1", "-p", "127.0.0.1:0", "--expand"}, .command = command});
        const std::string port = std::to_string(cluster.Port());
        CHECK(Ask(cluster.Address(), "args") == "0 --port=" + port + " 9000 {x}");
        CHECK(StopServers(cluster) == Exited(0));
    }
    {
        Cluster cluster({.options = {"-n", "1", "-p", "127.0.0.1:0"}, .command = command});
        CHECK(Ask(cluster.Address(), "args") == "{slot} --port={port} {9000+slot} {x}");
        CHECK(StopServers(cluster) == Exited(0));
    }
}

TEST_CASE("templates follow the worker, not the start of the launcher") {
    Cluster cluster({.options = {"-n", "2", "--expand", "-p", "127.0.0.1:0"},
                     .command = {EchoServer(), "{id}"}});
    cluster.WaitUp();
    (void)kill(cluster.WaitOnline(2), SIGKILL);
    CHECK(Contains(CommandLine(cluster.WaitOnline(3)), "echo-server 3"));
    CHECK(StopServers(cluster) == Exited(0));
}
