#include "plan/StopSignal.hxx"

#include <doctest/doctest.h>

#include <csignal>

using namespace plan;

namespace {

int Of(std::string_view command, std::string_view contracts = "auto") {
    return AutoStopSignal(command, contract::ParseContracts(contracts));
}

} // namespace

TEST_CASE("by the base name of the command") {
    CHECK(Of("nginx") == SIGQUIT);
    CHECK(Of("/usr/sbin/nginx") == SIGQUIT);
    CHECK(Of("./bin/unicorn") == SIGQUIT);
    CHECK(Of("uwsgi") == SIGQUIT);
    CHECK(Of("php-fpm") == SIGQUIT);
    CHECK(Of("/usr/sbin/php-fpm8.2") == SIGQUIT);
    CHECK(Of("apache2") == SIGWINCH);
    CHECK(Of("httpd") == SIGWINCH);
}

TEST_CASE("anything else is asked with TERM") {
    for (const char *command : {"node", "nginx2", "mynginx", "/opt/nginx/start", "nginx/", "php",
                                "PHP-FPM", "unicorn_rails", "uwsgi-core", "apache", ""}) {
        CAPTURE(command);
        CHECK(Of(command) == SIGTERM);
    }
}

TEST_CASE("what the contract says comes after the command's name") {
    CHECK(Of("ruby", "einhorn") == SIGUSR2);
    CHECK(Of("ruby", "systemd,einhorn") == SIGUSR2);
    CHECK(Of("nginx", "einhorn") == SIGQUIT);
    CHECK(Of("ruby", "none") == SIGTERM);
}
