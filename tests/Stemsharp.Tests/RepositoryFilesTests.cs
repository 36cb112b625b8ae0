using Xunit;

namespace Stemsharp.Tests;

public class RepositoryFilesTests
{
    [Fact]
    public void Golden_tensors_are_found_with_their_shapes()
    {
        GoldenTensors io = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        Assert.Equal([2, 5000], io["mix.5000"].Shape);
        Assert.Equal([4, 2, 5000], io["stems.5000"].Shape);
        Assert.Contains(io["stems.5000"].Values, value => value != 0);
        Assert.Contains(io.Metadata.Keys, key => key.StartsWith("pytorch_fp32_snr_db", StringComparison.Ordinal));
        Assert.True(File.Exists(RepositoryFiles.DemoModel));
    }
}
