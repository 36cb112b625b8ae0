using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Simd;

/// <summary>Memory outside the managed heap.</summary>
public unsafe class NativeBufferTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(1_000_003, false)]
    [InlineData(5, true)]
    [InlineData(3_000_000, true)]
    public void Memory_is_zero_aligned_and_as_long_as_asked_for(int length, bool hugePages)
    {
        // What was there before must not show.
        using (NativeBuffer<double> before = new(length, zeroed: false, hugePages))
        {
            before.Span.Fill(1);
        }

        using NativeBuffer<double> buffer = new(length, hugePages: hugePages);
        Assert.Equal(0, (nint)buffer.Data % (hugePages ? 2 << 20 : 64));
        Assert.Equal(length, buffer.Length);
        Assert.Equal(length, buffer.Span.Length);
        Assert.False(buffer.Span.ContainsAnyExcept(0));
        buffer.Span[^1] = 2;
        Assert.Equal(2, buffer.Data[length - 1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void No_memory_is_nothing_to_ask_for(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeBuffer<float>(length));

    [Fact]
    public void What_is_disposed_is_not_handed_out()
    {
        NativeBuffer<float> buffer = new(3);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => *buffer.Data);
    }
}
