using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Stemsharp.Audio;

/// <summary>
/// Turns stored samples into floats and back. Integers of b bits are divided by 2^(b−1), so that every integer of up to
/// 24 bits returns to exactly itself.
/// </summary>
internal static class SampleCodec
{
    /// <summary>Bytes that a sample takes.</summary>
    public static int Bytes(SampleFormat format) => format.Bits() / 8;

    /// <summary>Decodes as many samples as <paramref name="samples"/> has room for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode(SampleFormat format, ReadOnlySpan<byte> source, Span<float> samples)
    {
        switch (format)
        {
            case SampleFormat.UInt8:
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = (source[i] - 128) * (1f / 128);
                }

                break;
            case SampleFormat.Int16:
                if (BitConverter.IsLittleEndian)
                {
                    ReadOnlySpan<short> shorts = MemoryMarshal.Cast<byte, short>(source);
                    for (int i = 0; i < samples.Length; i++)
                    {
                        samples[i] = shorts[i] * (1f / 32768);
                    }

                    break;
                }

                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = BinaryPrimitives.ReadInt16LittleEndian(source[(2 * i)..]) * (1f / 32768);
                }

                break;
            case SampleFormat.Int24:
                for (int i = 0; i < samples.Length; i++)
                {
                    ReadOnlySpan<byte> b = source.Slice(3 * i, 3);
                    samples[i] = ((b[0] << 8 | b[1] << 16 | b[2] << 24) >> 8) * (1f / 8388608);
                }

                break;
            case SampleFormat.Int32:
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = (float)(BinaryPrimitives.ReadInt32LittleEndian(source[(4 * i)..]) * (1.0 / 2147483648));
                }

                break;
            case SampleFormat.Float32:
                if (BitConverter.IsLittleEndian)
                {
                    source[..(4 * samples.Length)].CopyTo(MemoryMarshal.AsBytes(samples));
                    break;
                }

                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = BinaryPrimitives.ReadSingleLittleEndian(source[(4 * i)..]);
                }

                break;
            case SampleFormat.Float64:
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(source[(8 * i)..]);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format));
        }
    }

    /// <summary>Stores already rounded integers.</summary>
    public static void EncodeIntegers(SampleFormat format, ReadOnlySpan<int> samples, Span<byte> target)
    {
        switch (format)
        {
            case SampleFormat.UInt8:
                for (int i = 0; i < samples.Length; i++)
                {
                    target[i] = (byte)(samples[i] + 128);
                }

                break;
            case SampleFormat.Int16 when BitConverter.IsLittleEndian:
                TensorPrimitives.ConvertTruncating(samples, MemoryMarshal.Cast<byte, short>(target)[..samples.Length]);
                break;
            case SampleFormat.Int16:
                for (int i = 0; i < samples.Length; i++)
                {
                    BinaryPrimitives.WriteInt16LittleEndian(target[(2 * i)..], (short)samples[i]);
                }

                break;
            case SampleFormat.Int24:
                for (int i = 0; i < samples.Length; i++)
                {
                    target[3 * i] = (byte)samples[i];
                    target[3 * i + 1] = (byte)(samples[i] >> 8);
                    target[3 * i + 2] = (byte)(samples[i] >> 16);
                }

                break;
            case SampleFormat.Int32:
                for (int i = 0; i < samples.Length; i++)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(target[(4 * i)..], samples[i]);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format));
        }
    }

    /// <summary>Stores floats as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EncodeFloats(SampleFormat format, ReadOnlySpan<float> samples, Span<byte> target)
    {
        if (format == SampleFormat.Float32 && BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(samples).CopyTo(target);
        }
        else if (format == SampleFormat.Float32)
        {
            for (int i = 0; i < samples.Length; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(target[(4 * i)..], samples[i]);
            }
        }
        else
        {
            for (int i = 0; i < samples.Length; i++)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(target[(8 * i)..], samples[i]);
            }
        }
    }
}
