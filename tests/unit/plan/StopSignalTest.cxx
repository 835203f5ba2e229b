#include "plan/StopSignal.hxx"

#include <doctest/doctest.h>

#include <csignal>

using namespace plan;

namespace {

int Of(std::vector<std::string> command, std::string_view contracts = "auto") {
    return AutoStopSignal(command, contract::ParseContracts(contracts));
}

} // namespace

TEST_CASE("by the base name of the command") {
    for (const char *command :
         {"nginx", "/usr/sbin/nginx", "./bin/unicorn", "unicorn_rails", "uwsgi", "uwsgi-core",
          "uwsgi_python3", "php-fpm", "/usr/sbin/php-fpm8.2"}) {
        CAPTURE(command);
        CHECK(Of({command}) == SIGQUIT);
    }
    CHECK(Of({"apache2"}) == SIGWINCH);
    CHECK(Of({"httpd"}) == SIGWINCH);
}

TEST_CASE("anything else is asked with TERM") {
    // The scripts around apache2 end themselves by TERM; what they execute is looked at later.
    for (const char *command :
         {"node", "nginx2", "mynginx", "/opt/nginx/start", "nginx/", "php", "PHP-FPM", "apache",
          "apachectl", "httpd-foreground", "bundle", ""}) {
        CAPTURE(command);
        CHECK(Of({command}) == SIGTERM);
    }
}

TEST_CASE("bundle exec: by what it executes") {
    CHECK(Of({"bundle", "exec", "unicorn", "-c", "unicorn.rb"}) == SIGQUIT);
    CHECK(Of({"/usr/local/bin/bundle", "exec", "--keep-file-descriptors", "bin/unicorn_rails"}) ==
          SIGQUIT);
    CHECK(Of({"bundle", "exec", "puma"}) == SIGTERM);
    CHECK(Of({"bundle", "exec"}) == SIGTERM);
    CHECK(Of({"ruby", "exec", "unicorn"}) == SIGTERM);
}

TEST_CASE("what the contract says comes after the command's name") {
    CHECK(Of({"ruby"}, "einhorn") == SIGUSR2);
    CHECK(Of({"ruby"}, "systemd,einhorn") == SIGUSR2);
    CHECK(Of({"nginx"}, "einhorn") == SIGQUIT);
    CHECK(Of({"ruby"}, "none") == SIGTERM);
}
