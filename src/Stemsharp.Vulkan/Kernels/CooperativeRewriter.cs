using System.Text;

namespace Stemsharp.Vulkan.Kernels;

/// <summary>
/// Rewrites modules for VK_NV_cooperative_matrix into the form of VK_KHR_cooperative_matrix, which the compiler at hand
/// does not know: types say what they are used for, a layout takes the place of a truth value, numbers change. The
/// kernels give the three kinds of matrix dimensions of their own, by which they are told apart here.
/// </summary>
internal static class CooperativeRewriter
{
    private const int Header = 5;
    private const uint Rows = 16, Columns = 17, Terms = 18;

    private enum Code : uint
    {
        Extension = 10,
        Capability = 17,
        TypeInt = 21,
        ConstantTrue = 41,
        Constant = 43,
        SpecialConstant = 52,
        Decorate = 71,
        TypeNV = 5358,
        LoadNV = 5359,
        StoreNV = 5360,
        MultiplyAddNV = 5361,
        LengthNV = 5362,
        Type = 4456,
        Load = 4457,
        Store = 4458,
        MultiplyAdd = 4459,
        Length = 4460,
    }

    /// <summary>The module in the Khronos form.</summary>
    public static uint[] ToKhronos(ReadOnlySpan<uint> module)
    {
        Dictionary<uint, uint> specials = [];
        HashSet<uint> trues = [];
        uint unsigned = 0;
        foreach ((int at, int length, Code code) in Instructions(module))
        {
            switch (code)
            {
                case Code.Decorate when module[at + 2] == 1: specials[module[at + 1]] = module[at + 3]; break; // SpecId
                case Code.ConstantTrue: trues.Add(module[at + 2]); break;
                case Code.TypeInt when module[at + 2] == 32 && module[at + 3] == 0: unsigned = module[at + 1]; break;
                default: break;
            }
        }

        // Constants 0, 1 and 2 get new numbers.
        uint first = module[3];
        List<uint> result = [.. module[..Header]];
        result[3] = first + 3;
        bool declared = false;
        foreach ((int at, int length, Code code) in Instructions(module))
        {
            ReadOnlySpan<uint> words = module.Slice(at, length);
            switch (code)
            {
                case Code.Capability when words[1] == 5357:
                    Put(Code.Capability, 6022);
                    break;
                case Code.Extension when Text(words[1..]) == "SPV_NV_cooperative_matrix":
                    Put(Code.Extension, Words("SPV_KHR_cooperative_matrix"));
                    break;
                case Code.TypeNV:
                    if (!declared)
                    {
                        declared = true;
                        for (uint i = 0; i < 3; i++)
                        {
                            Put(Code.Constant, unsigned, first + i, i);
                        }
                    }

                    Put(Code.Type, [.. words[1..], first + Use(words[4], words[5])]);
                    break;
                case Code.LoadNV: // type, result, pointer, stride, by columns, memory operands
                    Put(Code.Load, [words[1], words[2], words[3], Layout(words[5]), words[4], .. words[6..]]);
                    break;
                case Code.StoreNV: // pointer, matrix, stride, by columns, memory operands
                    Put(Code.Store, [words[1], words[2], Layout(words[4]), words[3], .. words[5..]]);
                    break;
                case Code.MultiplyAddNV:
                    Put(Code.MultiplyAdd, words[1..]);
                    break;
                case Code.LengthNV:
                    Put(Code.Length, words[1..]);
                    break;
                case Code.SpecialConstant when words[3] == (uint)Code.LengthNV:
                    Put(Code.SpecialConstant, [words[1], words[2], (uint)Code.Length, .. words[4..]]);
                    break;
                default:
                    result.AddRange(words);
                    break;
            }
        }

        return [.. result];

        void Put(Code code, params ReadOnlySpan<uint> operands)
        {
            result.Add(((uint)operands.Length + 1) << 16 | (uint)code);
            result.AddRange(operands);
        }

        uint Layout(uint byColumns) => first + (trues.Contains(byColumns) ? 1u : 0);

        uint Use(uint rows, uint columns) => (specials.GetValueOrDefault(rows), specials.GetValueOrDefault(columns)) switch
        {
            (Rows, Terms) => 0,
            (Terms, Columns) => 1,
            (Rows, Columns) => 2,
            _ => throw new InvalidOperationException("A matrix has dimensions that are none of the kernels' own."),
        };
    }

    private static List<(int At, int Length, Code Code)> Instructions(ReadOnlySpan<uint> module)
    {
        List<(int, int, Code)> found = [];
        for (int at = Header; at < module.Length;)
        {
            int length = (int)(module[at] >> 16);
            found.Add((at, length, (Code)(module[at] & 0xffff)));
            at += length;
        }

        return found;
    }

    private static string Text(ReadOnlySpan<uint> words)
    {
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(words);
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static uint[] Words(string text)
    {
        uint[] words = new uint[text.Length / 4 + 1];
        Encoding.ASCII.GetBytes(text, System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
        return words;
    }
}
