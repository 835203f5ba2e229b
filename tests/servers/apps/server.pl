# One connection after the other; every answer is the id of this process.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{PIPE} = 'IGNORE';
my $server = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], Listen => 128, ReuseAddr => 1) or die "$@";
while (1) {
    my $client = $server->accept or next;
    while (defined(my $line = <$client>)) {
        last if $line eq "\r\n";
    }
    my $body = "$$\n";
    print $client "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ", length $body, "\r\n\r\n", $body;
    close $client;
}
