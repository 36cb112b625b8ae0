using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Hosting;

public class ExitCodeTests
{
    [Fact]
    public void EachKindOfErrorHasItsOwnCode()
    {
        (Exception Error, int Code)[] cases =
        [
            (new OptionException("x"), 2),
            (new AudioException("x"), 3),
            (new FileNotFoundException("x"), 3),
            (new ModelException("x"), 4),
            (new IOException("x"), 5),
            (new UnauthorizedAccessException("x"), 5),
            (new ExternalToolException("x"), 6),
            (new AddressInUseException("x", new IOException("y")), 9),
            (new OperationCanceledException(), 130),
            (new InvalidOperationException("x"), 1),
            (new AggregateException(new ModelException("x")), 4),
        ];
        foreach ((Exception error, int code) in cases)
        {
            Assert.Equal(code, ExitCode.For(error));
        }
    }

    [Fact]
    public void ABatchTellsAllFromSome()
    {
        Track track = new("/a.wav", "a.wav", "");
        TrackOutcome done = new() { Track = track, Status = TrackStatus.Done };
        TrackOutcome broken = TrackOutcome.Failure(track, new AudioException("broken"));
        Assert.Equal(0, TrackOutcome.ExitCodeOf([done, done]));
        Assert.Equal(8, TrackOutcome.ExitCodeOf([done, broken]));
        Assert.Equal(3, TrackOutcome.ExitCodeOf([broken, broken]));
        Assert.Equal(0, TrackOutcome.ExitCodeOf([]));
    }
}
